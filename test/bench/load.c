/* SPDX-License-Identifier: Apache-2.0 */
/* load PORT CLIENTS SECONDS PATH BODY: keeps that many clients busy, each with one POST at a time
 * on its own connection, and prints one line:
 *
 *     tasks=N errors=N rate=N p50_us=N p99_us=N max_us=N
 *
 * An answer other than 200 is an error and ends its client; the first one is shown.  Latencies go
 * into an array instead of a histogram, so that percentiles are exact. */
#include "serve.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	CLIENTS_MAX = 4096,
	SECONDS_MAX = 600,
	INPUT_SIZE = 65536,
	REQUEST_SIZE = 65536,
	SAMPLES_MAX = 8000000
};

struct client {
	int fd;
	int64_t sent_at_ns;
	size_t used;
	char input[INPUT_SIZE];
};

struct load {
	int epoll;
	char request[REQUEST_SIZE];
	size_t request_size;
	uint32_t *samples_us;
	uint32_t sample_count;
	uint32_t error_count;
	uint32_t alive_count;
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static bool send_request(struct load *load, struct client *client)
{
	client->sent_at_ns = now_ns();
	client->used = 0;
	return write(client->fd, load->request, load->request_size) == (ssize_t)load->request_size;
}

static bool begin_client(struct load *load, uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct client *client = calloc(1, sizeof *client);
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
	int on = 1;

	if (client == NULL)
		return false;
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&address, sizeof address) != 0)
		return false;
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	load->alive_count++;
	return epoll_ctl(load->epoll, EPOLL_CTL_ADD, client->fd, &event) == 0 &&
	       send_request(load, client);
}

static void end_client(struct load *load, struct client *client, const char *what)
{
	if (load->error_count++ == 0)
		fprintf(stderr, "load: %s: %.*s\n", what, (int)client->used, client->input);
	load->alive_count--;
	close(client->fd);
	free(client);
}

static void read_answer(struct load *load, struct client *client)
{
	ssize_t got = read(client->fd, client->input + client->used, INPUT_SIZE - client->used);
	int64_t took_ns;

	if (got <= 0) {
		end_client(load, client, "the connection ended");
		return;
	}
	client->used += (size_t)got;
	if (message_size(client->input, client->used) == 0)
		return;
	took_ns = now_ns() - client->sent_at_ns;
	if (client->used < 12 || memcmp(client->input, "HTTP/1.1 200", 12) != 0) {
		end_client(load, client, "not 200");
		return;
	}
	if (load->sample_count < SAMPLES_MAX)
		load->samples_us[load->sample_count++] = (uint32_t)(took_ns / 1000);
	if (!send_request(load, client))
		end_client(load, client, "cannot send");
}

static void run_until(struct load *load, int64_t end_at_ns)
{
	struct epoll_event events[256];

	while (load->alive_count > 0 && now_ns() < end_at_ns) {
		int count = epoll_wait(load->epoll, events, 256, 100);

		for (int i = 0; i < count; i++)
			read_answer(load, events[i].data.ptr);
	}
}

static int compare_samples(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static void report(struct load *load, int64_t took_ns)
{
	uint32_t count = load->sample_count;
	uint32_t *samples = load->samples_us;

	qsort(samples, count, sizeof *samples, compare_samples);
	printf("tasks=%u errors=%u rate=%.0f p50_us=%u p99_us=%u max_us=%u\n", count,
		load->error_count, (double)count * 1e9 / (double)took_ns,
		count == 0 ? 0 : samples[count / 2], count == 0 ? 0 : samples[count / 100 * 99],
		count == 0 ? 0 : samples[count - 1]);
}

static bool prepare(struct load *load, const char *path, const char *body)
{
	int size = snprintf(load->request, sizeof load->request,
		"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		path, strlen(body), body);

	load->request_size = (size_t)size;
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	load->samples_us = calloc(SAMPLES_MAX, sizeof *load->samples_us);
	return size > 0 && size < REQUEST_SIZE && load->epoll >= 0 && load->samples_us != NULL;
}

int main(int argc, char **argv)
{
	static struct load load;
	unsigned long port;
	unsigned long clients;
	unsigned long seconds;
	int64_t begun_at_ns;

	if (argc != 6 || !read_number(argv[1], UINT16_MAX, &port) ||
		!read_number(argv[2], CLIENTS_MAX, &clients) ||
		!read_number(argv[3], SECONDS_MAX, &seconds) || !prepare(&load, argv[4], argv[5])) {
		fprintf(stderr, "usage: load PORT CLIENTS SECONDS PATH BODY\n");
		return 2;
	}
	begun_at_ns = now_ns();
	for (unsigned long i = 0; i < clients; i++) {
		if (!begin_client(&load, (uint16_t)port)) {
			perror("load: cannot connect");
			return 1;
		}
	}
	run_until(&load, begun_at_ns + (int64_t)seconds * INT64_C(1000000000));
	report(&load, now_ns() - begun_at_ns);
	return load.error_count > 0;
}
