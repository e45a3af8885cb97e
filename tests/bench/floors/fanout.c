// What the machine itself needs to write one message to many sockets. fanout COUNT BYTES: prints the port where it waits for so many browsers,
// answers each handshake without a look at it, prints "ready", and for each byte of its input writes a binary message of BYTES to all of them.
// When its input ends it prints how many microseconds of processor time that took.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINES 65536

static int lines[LINES];
static unsigned char message[65536];
static char request[65536];

static long long used(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

int main(int words, char **word) {
    int count = words == 3 ? atoi(word[1]) : 0, bytes = words == 3 ? atoi(word[2]) : 0, one = 1;
    if (count < 1 || count > LINES || bytes < 126 || bytes > (int)sizeof message - 4) return 2;
    struct sockaddr_in here = {.sin_family = AF_INET};
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listening, (void *)&here, sizeof here) || listen(listening, 4096) || getsockname(listening, (void *)&here, &size)) return 1;
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    const char *answer = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
    for (int number = 0; number < count; number++) {
        lines[number] = accept(listening, 0, 0);
        setsockopt(lines[number], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (read(lines[number], request, sizeof request) <= 0 || write(lines[number], answer, strlen(answer)) < 0) return 1;
    }
    printf("ready\n");
    fflush(stdout);
    message[0] = 0x82, message[1] = 126, message[2] = bytes >> 8, message[3] = bytes & 255;
    long long before = used();
    for (char tick; read(0, &tick, 1) == 1;)
        for (int number = 0; number < count; number++)
            if (write(lines[number], message, bytes + 4) != bytes + 4) return 1;
    printf("%lld\n", used() - before);
    return 0;
}
