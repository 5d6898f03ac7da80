/* SPDX-License-Identifier: Apache-2.0 */
/* agent COUNT: that many HTTP agents which answer every request at once, so that what is measured
 * is not them.  They share one process and one epoll; each has its own port, chosen by the kernel.
 * Prints the ports on one line and ends when standard input does, so that it never stays behind. */
#include "serve.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { AGENTS_MAX = 64, EVENTS_MAX = 256, INPUT_SIZE = 65536 };

static const char ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
			     "Content-Length: 11\r\n\r\n{\"ok\":true}";

enum role { PEER_LISTENS, PEER_TALKS, PEER_PARENT };

struct peer {
	int fd;
	enum role role;
	size_t used;
	char input[INPUT_SIZE];
};

static bool watch(int epoll, int fd, enum role role)
{
	struct epoll_event event = {.events = EPOLLIN};
	struct peer *peer = calloc(1, sizeof *peer);

	if (peer == NULL)
		return false;
	peer->fd = fd;
	peer->role = role;
	event.data.ptr = peer;
	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool begin_agent(int epoll)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
		listen(fd, 1024) != 0 || getsockname(fd, (struct sockaddr *)&address, &size) != 0)
		return false;
	printf("%u ", ntohs(address.sin_port));
	return watch(epoll, fd, PEER_LISTENS);
}

static void accept_peer(int epoll, const struct peer *listener)
{
	int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int on = 1;

	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (!watch(epoll, fd, PEER_TALKS))
		close(fd);
}

/* Answers every whole request in the buffer; false when the peer is through. */
static bool answer(struct peer *peer)
{
	ssize_t got = read(peer->fd, peer->input + peer->used, INPUT_SIZE - peer->used);
	size_t done = 0;
	size_t size;

	if (got < 0 && errno == EAGAIN)
		return true;
	if (got <= 0)
		return false;
	peer->used += (size_t)got;
	while ((size = message_size(peer->input + done, peer->used - done)) > 0) {
		done += size;
		if (write(peer->fd, ANSWER, sizeof ANSWER - 1) != (ssize_t)(sizeof ANSWER - 1))
			return false;
	}
	peer->used -= done;
	memmove(peer->input, peer->input + done, peer->used);
	return peer->used < INPUT_SIZE;
}

static void serve(int epoll)
{
	struct epoll_event events[EVENTS_MAX];

	for (;;) {
		int count = epoll_wait(epoll, events, EVENTS_MAX, -1);

		for (int i = 0; i < count; i++) {
			struct peer *peer = events[i].data.ptr;

			if (peer->role == PEER_PARENT)
				return;
			if (peer->role == PEER_LISTENS) {
				accept_peer(epoll, peer);
			} else if (!answer(peer)) {
				close(peer->fd);
				free(peer);
			}
		}
	}
}

int main(int argc, char **argv)
{
	unsigned long count;
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (argc != 2 || !read_number(argv[1], AGENTS_MAX, &count) || epoll < 0) {
		fprintf(stderr, "usage: agent COUNT (at most %d)\n", AGENTS_MAX);
		return 2;
	}
	for (unsigned long i = 0; i < count; i++) {
		if (!begin_agent(epoll)) {
			perror("agent: cannot listen");
			return 1;
		}
	}
	printf("\n");
	fflush(stdout);
	if (!watch(epoll, STDIN_FILENO, PEER_PARENT)) {
		perror("agent: standard input must be a pipe");
		return 1;
	}
	serve(epoll);
	return 0;
}
