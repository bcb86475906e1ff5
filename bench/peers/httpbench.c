// httpbench: requests per second of an HTTP/1.1 server over connections that are kept, one request under way on each.
//
//   httpbench --port N --path /x [--tokens FILE [--first 1]] [--connections 4] [--seconds 0.4 | --requests N]
//
// With --tokens every request carries the next line of FILE as `Authorization: Negotiate`, each used once; with --first only
// the first request of each connection does. It ends when the time is over (with --requests: after so many), or when the tokens
// are, and fails at any status but 200.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 64, BUFFER = 65536, MAX_REQUEST = 16384 };

struct connection {
    int fd;
    long sent;
    size_t have;
    char buffer[BUFFER];
};

static int port, first_only;
static const char *path = "/";
static char **tokens;
static long token_count, next_token;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

static void read_tokens(const char *file)
{
    FILE *in = fopen(file, "r");
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    if (!in) die(file);
    while ((length = getline(&line, &capacity, in)) > 0) {
        if (line[length - 1] == '\n') line[length - 1] = 0;
        tokens = realloc(tokens, (token_count + 1) * sizeof *tokens);
        tokens[token_count++] = strdup(line);
    }
    fclose(in);
}

static void dial(struct connection *c)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->have = 0;
    c->sent = 0;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address)) die("connect");
}

// Whether there is a token for another request, where it takes one.
static int may_send(const struct connection *c)
{
    return !tokens || (first_only && c->sent > 0) || next_token < token_count;
}

static void send_request(struct connection *c)
{
    char request[MAX_REQUEST];
    int length;
    if (tokens && !(first_only && c->sent > 0))
        length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Negotiate %s\r\n\r\n",
                          path, tokens[next_token++]);
    else
        length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    if (length >= (int)sizeof request || write(c->fd, request, length) != length) die("write");
    c->sent++;
}

enum outcome { PARTIAL, WHOLE, CLOSED };

// Reads on; takes a whole response with a Content-Length out of the buffer.
static enum outcome read_response(struct connection *c)
{
    ssize_t got = read(c->fd, c->buffer + c->have, sizeof c->buffer - 1 - c->have);
    char *end, *length, *close;
    size_t total;
    if (got <= 0) {
        fprintf(stderr, "httpbench: the connection ended before a response\n");
        exit(1);
    }
    c->have += got;
    c->buffer[c->have] = 0;
    end = strstr(c->buffer, "\r\n\r\n");
    if (!end) return PARTIAL;
    length = strcasestr(c->buffer, "\r\nContent-Length:");
    total = end + 4 - c->buffer + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
    if (c->have < total) return PARTIAL;
    if (strncmp(c->buffer, "HTTP/1.1 200", 12)) {
        fprintf(stderr, "httpbench: %.*s\n", (int)(end - c->buffer), c->buffer);
        exit(1);
    }
    close = strcasestr(c->buffer, "\r\nConnection: close");
    memmove(c->buffer, c->buffer + total, c->have - total);
    c->have -= total;
    return close && close < end ? CLOSED : WHOLE;
}

int main(int argc, char **argv)
{
    static struct connection connections[MAX_CONNECTIONS];
    struct pollfd ready[MAX_CONNECTIONS];
    int count = 4;
    double seconds = 0.4, start;
    long done = 0, under_way = 0, sent = 0, requests = 0;
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *option = argv[i], *value = argv[i + 1];
        if (!strcmp(option, "--port")) port = atoi(value);
        else if (!strcmp(option, "--path")) path = value;
        else if (!strcmp(option, "--tokens")) read_tokens(value);
        else if (!strcmp(option, "--first")) first_only = atoi(value);
        else if (!strcmp(option, "--connections")) count = atoi(value);
        else if (!strcmp(option, "--seconds")) seconds = atof(value);
        else if (!strcmp(option, "--requests")) requests = atol(value);
        else {
            fprintf(stderr, "httpbench: unknown option %s\n", option);
            return 2;
        }
    }
    if (count < 1 || count > MAX_CONNECTIONS) count = MAX_CONNECTIONS;
    for (int i = 0; i < count; i++) {
        dial(&connections[i]);
        ready[i] = (struct pollfd){.fd = connections[i].fd, .events = POLLIN};
    }
    start = now();
    for (int i = 0; i < count && may_send(&connections[i]); i++) {
        send_request(&connections[i]);
        under_way++;
        sent++;
    }
    while (under_way > 0) {
        if (poll(ready, count, 10000) <= 0) {
            fprintf(stderr, "httpbench: no answer\n");
            return 1;
        }
        for (int i = 0; i < count; i++) {
            struct connection *c = &connections[i];
            enum outcome outcome;
            if (!ready[i].revents || (outcome = read_response(c)) == PARTIAL) continue;
            done++;
            under_way--;
            if (outcome == CLOSED) {
                close(c->fd);
                dial(c);
                ready[i].fd = c->fd;
            }
            if ((requests > 0 ? sent < requests : now() - start < seconds) && may_send(c)) {
                send_request(c);
                under_way++;
                sent++;
            }
        }
    }
    printf("{\"per_s\":%.1f,\"requests\":%ld}\n", done / (now() - start), done);
    return 0;
}
