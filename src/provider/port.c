/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: the kernel picks, since it alone knows. Keeping the socket open until the agent listens
 * would keep the agent from binding; SO_REUSEPORT would let strangers of the same user share the
 * port.
 */
#include "provider/port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

uint16_t port_choose(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	uint16_t port = 0;
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
		getsockname(fd, (struct sockaddr *)&address, &size) == 0)
		port = ntohs(address.sin_port);
	close(fd);
	return port;
}
