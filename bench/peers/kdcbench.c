/* kdcbench: how many requests a KDC answers in a second.
 *
 *   kdcbench as|tgs --port PORT --user USER [--password PASSWORD] [--service NAME] [--count N] [--window N]
 *
 * The requests are made before the clock starts, and go over one UDP socket of loopback, a window of them under way at any
 * time: what is measured is the KDC. `as` asks for ticket-granting tickets of a user without pre-authentication, `tgs` for
 * tickets of a service. KRB5_CONFIG says where the realm is. Prints one JSON object.
 */
#include <arpa/inet.h>
#include <krb5.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define AS_REP 0x6b
#define TGS_REP 0x6d

static const char *user = "", *password = "", *service = "HTTP/localhost";
static int port, count = 2000, window = 8;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void check(krb5_context k, krb5_error_code error, const char *what)
{
    if (!error) return;
    fprintf(stderr, "%s: %s\n", what, krb5_get_error_message(k, error));
    exit(1);
}

static krb5_data make_as(krb5_context k, krb5_principal client)
{
    krb5_init_creds_context exchange;
    krb5_data none = { 0 }, request, realm;
    unsigned int flags;

    check(k, krb5_init_creds_init(k, client, NULL, NULL, 0, NULL, &exchange), "krb5_init_creds_init");
    check(k, krb5_init_creds_step(k, exchange, &none, &request, &realm, &flags), "krb5_init_creds_step");
    krb5_init_creds_free(k, exchange);
    krb5_free_data_contents(k, &realm);
    return request;
}

static krb5_data make_tgs(krb5_context k, krb5_principal client, krb5_principal server, krb5_ccache cache)
{
    krb5_tkt_creds_context exchange;
    krb5_data none = { 0 }, request, realm;
    krb5_creds wanted;
    unsigned int flags;

    memset(&wanted, 0, sizeof wanted);
    wanted.client = client;
    wanted.server = server;
    check(k, krb5_tkt_creds_init(k, cache, &wanted, 0, &exchange), "krb5_tkt_creds_init");
    check(k, krb5_tkt_creds_step(k, exchange, &none, &request, &realm, &flags), "krb5_tkt_creds_step");
    krb5_tkt_creds_free(k, exchange);
    krb5_free_data_contents(k, &realm);
    return request;
}

static krb5_ccache log_on(krb5_context k, krb5_principal client)
{
    krb5_ccache cache;
    krb5_creds tgt;

    check(k, krb5_get_init_creds_password(k, &tgt, client, password, NULL, NULL, 0, NULL, NULL), "log-on");
    check(k, krb5_cc_new_unique(k, "MEMORY", NULL, &cache), "krb5_cc_new_unique");
    check(k, krb5_cc_initialize(k, cache, client), "krb5_cc_initialize");
    check(k, krb5_cc_store_cred(k, cache, &tgt), "krb5_cc_store_cred");
    krb5_free_cred_contents(k, &tgt);
    return cache;
}

static int open_socket(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct timeval patience = { 5, 0 };
    int buffer = 4 << 20, fd = socket(AF_INET, SOCK_DGRAM, 0);

    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to)) {
        perror("connect");
        exit(1);
    }
    return fd;
}

/* Sends the requests from `first` up to `end`, each answered by a message with this tag. Seconds that it took. */
static double run(int fd, krb5_data *requests, int first, int end, int tag)
{
    static unsigned char reply[65536];
    double start = now();
    int sent = first, got = first;

    while (got < end) {
        for (; sent < end && sent - got < window; sent++) {
            if (send(fd, requests[sent].data, requests[sent].length, 0) < 0) {
                perror("send");
                exit(1);
            }
        }
        if (recv(fd, reply, sizeof reply, 0) < 1 || reply[0] != tag) {
            fprintf(stderr, "no ticket: %02x\n", reply[0]);
            exit(1);
        }
        got++;
    }
    return now() - start;
}

int main(int argc, char **argv)
{
    krb5_context k;
    krb5_principal client, server;
    krb5_ccache cache = NULL;
    krb5_data *requests;
    int i, tgs, fd, warm;

    if (argc < 2) return 2;
    for (i = 2; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--port")) port = atoi(argv[i + 1]);
        else if (!strcmp(argv[i], "--user")) user = argv[i + 1];
        else if (!strcmp(argv[i], "--password")) password = argv[i + 1];
        else if (!strcmp(argv[i], "--service")) service = argv[i + 1];
        else if (!strcmp(argv[i], "--count")) count = atoi(argv[i + 1]);
        else if (!strcmp(argv[i], "--window")) window = atoi(argv[i + 1]);
        else return 2;
    }
    tgs = !strcmp(argv[1], "tgs");
    if (krb5_init_context(&k)) return 1;
    check(k, krb5_parse_name(k, user, &client), "krb5_parse_name");
    check(k, krb5_parse_name(k, service, &server), "krb5_parse_name");
    if (tgs) cache = log_on(k, client);
    warm = count / 4;
    requests = calloc(count + warm, sizeof *requests);
    for (i = 0; i < count + warm; i++) requests[i] = tgs ? make_tgs(k, client, server, cache) : make_as(k, client);
    fd = open_socket();
    run(fd, requests, 0, warm, tgs ? TGS_REP : AS_REP);
    printf("{\"test\":\"%s\",\"per_s\":%.1f}\n", argv[1], count / run(fd, requests, warm, warm + count, tgs ? TGS_REP : AS_REP));
    return 0;
}
