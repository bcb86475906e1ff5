/* gssbench - single-threaded GSS-API throughput, initiator and acceptor in one process.
 *
 *   gssbench --mech krb5|spnego|ntlm|spnego-ntlm [--tests ctx,wrap,mic] [--service HTTP@localhost]
 *            [--seconds 1.0] [--reps 5] [--ccache memory|env] [--label text] [--dce]
 *
 * krb5/spnego: takes KRB5_CONFIG, KRB5_KTNAME, KRB5CCNAME, KRB5RCACHENAME from the environment;
 * --ccache memory first copies the ticket cache into a MEMORY: cache of this process.
 * ntlm: takes NTLM_USER_FILE ("DOMAIN:user:password").
 * Prints one JSON object per line. Every figure is the median over --reps runs.
 *
 * build: gcc -O2 -o bin/gssbench gssbench.c $(pkg-config --cflags --libs krb5-gssapi krb5)
 */
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static gss_OID_desc oid_krb5 = { 9, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02" };
static gss_OID_desc oid_spnego = { 6, "\x2b\x06\x01\x05\x05\x02" };
static gss_OID_desc oid_ntlm = { 10, "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a" };

static const char *mech_name = "krb5", *tests = "ctx,wrap,mic", *service = "HTTP@localhost";
static const char *label = "", *ccache = "env";
static double seconds = 1.0;
static int reps = 5;
static gss_OID mech;
static gss_cred_id_t icred = GSS_C_NO_CREDENTIAL, acred = GSS_C_NO_CREDENTIAL;
static gss_name_t target;
static OM_uint32 flags = GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG |
                         GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG;

static void fail(const char *what, OM_uint32 maj, OM_uint32 min)
{
    OM_uint32 m, ctx = 0;
    gss_buffer_desc s;
    fprintf(stderr, "%s: major %08x minor %u\n", what, maj, min);
    do {
        gss_display_status(&m, maj, GSS_C_GSS_CODE, GSS_C_NO_OID, &ctx, &s);
        fprintf(stderr, "  %.*s\n", (int)s.length, (char *)s.value);
    } while (ctx);
    gss_display_status(&m, min, GSS_C_MECH_CODE, mech, &ctx, &s);
    fprintf(stderr, "  %.*s\n", (int)s.length, (char *)s.value);
    exit(1);
}
#define CK(what, maj, min) do { if (GSS_ERROR(maj)) fail(what, maj, min); } while (0)

static double now(clockid_t c) { struct timespec t; clock_gettime(c, &t); return t.tv_sec + t.tv_nsec * 1e-9; }
#define WALL now(CLOCK_MONOTONIC)
#define CPU now(CLOCK_PROCESS_CPUTIME_ID)

static int cmp(const void *a, const void *b) { double x = *(double *)a, y = *(double *)b; return (x > y) - (x < y); }
static double median(double *v, int n) { qsort(v, n, sizeof *v, cmp); return n & 1 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2; }

static int legs; static size_t bytes_i, bytes_a;

static void establish(gss_ctx_id_t *ic, gss_ctx_id_t *ac)
{
    OM_uint32 maj, min, m, got;
    gss_buffer_desc it = GSS_C_EMPTY_BUFFER, at = GSS_C_EMPTY_BUFFER;
    int idone = 0, adone = 0;
    *ic = *ac = GSS_C_NO_CONTEXT;
    legs = 0; bytes_i = bytes_a = 0;
    while (!idone || !adone) {
        if (!idone) {
            maj = gss_init_sec_context(&min, icred, ic, target, mech, flags, 0, GSS_C_NO_CHANNEL_BINDINGS,
                                       at.length ? &at : GSS_C_NO_BUFFER, NULL, &it, &got, NULL);
            CK("gss_init_sec_context", maj, min);
            gss_release_buffer(&m, &at);
            idone = maj == GSS_S_COMPLETE;
            if (it.length) { legs++; bytes_i += it.length; }
        }
        if (!adone) {
            if (!it.length) { fprintf(stderr, "no token for the acceptor\n"); exit(1); }
            maj = gss_accept_sec_context(&min, ac, acred, &it, GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, &at, &got, NULL, NULL);
            CK("gss_accept_sec_context", maj, min);
            gss_release_buffer(&m, &it);
            adone = maj == GSS_S_COMPLETE;
            if (at.length) { legs++; bytes_a += at.length; }
        }
    }
    gss_release_buffer(&m, &it);
    gss_release_buffer(&m, &at);
}

static void drop(gss_ctx_id_t *ic, gss_ctx_id_t *ac)
{
    OM_uint32 m;
    gss_delete_sec_context(&m, ic, GSS_C_NO_BUFFER);
    gss_delete_sec_context(&m, ac, GSS_C_NO_BUFFER);
}

static void head(const char *test)
{
    const char *rc = getenv("KRB5RCACHENAME");
    printf("{\"tool\":\"gssbench\",\"label\":\"%s\",\"mech\":\"%s\",\"service\":\"%s\",\"rcache\":\"%s\",\"ccache\":\"%s\",\"test\":\"%s\"",
           label, mech_name, service, rc ? rc : "default", ccache, test);
}

static void bench_ctx(void)
{
    double rate[99], cpu[99];
    long total = 0;
    gss_ctx_id_t ic, ac;
    for (int i = 0; i < 20; i++) { establish(&ic, &ac); drop(&ic, &ac); }
    for (int r = 0; r < reps; r++) {
        double w0 = WALL, c0 = CPU, w;
        long n = 0;
        do { establish(&ic, &ac); drop(&ic, &ac); n++; w = WALL - w0; } while (w < seconds);
        rate[r] = n / w;
        cpu[r] = (CPU - c0) * 1e6 / n;
        total += n;
    }
    double first = rate[0], last = rate[reps - 1];
    head("ctx");
    printf(",\"per_s\":%.1f,\"cpu_us\":%.2f,\"first_rep_per_s\":%.1f,\"last_rep_per_s\":%.1f,\"contexts\":%ld,\"tokens\":%d,\"initiator_bytes\":%zu,\"acceptor_bytes\":%zu}\n",
           median(rate, reps), median(cpu, reps), first, last, total, legs, bytes_i, bytes_a);
    fflush(stdout);
}

static void session_key(gss_ctx_id_t ic)
{
    OM_uint32 maj, min, m;
    gss_buffer_set_t set = GSS_C_NO_BUFFER_SET;
    maj = gss_inquire_sec_context_by_oid(&min, ic, GSS_C_INQ_SSPI_SESSION_KEY, &set);
    if (maj != GSS_S_COMPLETE || !set) return;
    if (set->count > 0) printf(",\"session_key_bytes\":%zu", set->elements[0].length);
    if (set->count > 1) { /* the last arc of the OID is the enctype */
        unsigned char *p = set->elements[1].value;
        printf(",\"enctype\":%u", p[set->elements[1].length - 1]);
    }
    gss_release_buffer_set(&m, &set);
}

static void bench_wrap(size_t size)
{
    OM_uint32 maj, min, m;
    gss_ctx_id_t ic, ac;
    double tw[99], tu[99], cpu[99];
    size_t wrapped = 0;
    char *data = malloc(size);
    memset(data, 'x', size);
    establish(&ic, &ac);
    for (int r = -1; r < reps; r++) { /* run -1 warms up */
        double w0 = WALL, c0 = CPU, sw = 0, su = 0, lim = r < 0 ? seconds / 5 : seconds;
        long n = 0;
        do {
            gss_buffer_desc in = { size, data }, tok, out;
            int conf;
            double a = WALL;
            maj = gss_wrap(&min, ic, 1, GSS_C_QOP_DEFAULT, &in, &conf, &tok);
            double b = WALL;
            CK("gss_wrap", maj, min);
            if (!conf) { fprintf(stderr, "no confidentiality\n"); exit(1); }
            wrapped = tok.length;
            double c = WALL;
            maj = gss_unwrap(&min, ac, &tok, &out, &conf, NULL);
            double d = WALL;
            CK("gss_unwrap", maj, min);
            if (out.length != size) { fprintf(stderr, "length differs\n"); exit(1); }
            gss_release_buffer(&m, &tok);
            gss_release_buffer(&m, &out);
            sw += b - a; su += d - c; n++;
        } while (WALL - w0 < lim);
        if (r < 0) continue;
        tw[r] = sw * 1e6 / n; tu[r] = su * 1e6 / n; cpu[r] = (CPU - c0) * 1e6 / n;
    }
    double w = median(tw, reps), u = median(tu, reps);
    head("wrap");
    session_key(ic);
    printf(",\"size\":%zu,\"token\":%zu,\"wrap_us\":%.3f,\"unwrap_us\":%.3f,\"pair_us\":%.3f,\"pair_cpu_us\":%.3f,\"wrap_MBps\":%.1f,\"unwrap_MBps\":%.1f,\"pair_MBps\":%.1f}\n",
           size, wrapped, w, u, w + u, median(cpu, reps), size / w, size / u, size / (w + u));
    fflush(stdout);
    drop(&ic, &ac);
    free(data);
}

static void bench_mic(size_t size)
{
    OM_uint32 maj, min, m;
    gss_ctx_id_t ic, ac;
    double tw[99], tu[99];
    size_t mic = 0;
    char *data = malloc(size);
    memset(data, 'x', size);
    establish(&ic, &ac);
    for (int r = -1; r < reps; r++) {
        double w0 = WALL, sw = 0, su = 0, lim = r < 0 ? seconds / 5 : seconds;
        long n = 0;
        do {
            gss_buffer_desc in = { size, data }, tok;
            double a = WALL;
            maj = gss_get_mic(&min, ic, GSS_C_QOP_DEFAULT, &in, &tok);
            double b = WALL;
            CK("gss_get_mic", maj, min);
            mic = tok.length;
            double c = WALL;
            maj = gss_verify_mic(&min, ac, &in, &tok, NULL);
            double d = WALL;
            CK("gss_verify_mic", maj, min);
            gss_release_buffer(&m, &tok);
            sw += b - a; su += d - c; n++;
        } while (WALL - w0 < lim);
        if (r < 0) continue;
        tw[r] = sw * 1e6 / n; tu[r] = su * 1e6 / n;
    }
    head("mic");
    printf(",\"size\":%zu,\"token\":%zu,\"get_mic_us\":%.3f,\"verify_mic_us\":%.3f}\n", size, mic, median(tw, reps), median(tu, reps));
    fflush(stdout);
    drop(&ic, &ac);
    free(data);
}

static void to_memory_ccache(void)
{
    krb5_context k;
    krb5_ccache from, to;
    krb5_principal p;
    if (krb5_init_context(&k) || krb5_cc_default(k, &from) || krb5_cc_get_principal(k, from, &p) ||
        krb5_cc_resolve(k, "MEMORY:gssbench", &to) || krb5_cc_initialize(k, to, p) || krb5_cc_copy_creds(k, from, to)) {
        fprintf(stderr, "cannot copy the ticket cache\n");
        exit(1);
    }
    setenv("KRB5CCNAME", "MEMORY:gssbench", 1);
}

int main(int argc, char **argv)
{
    OM_uint32 maj, min;
    for (int i = 1; i < argc; i++) {
        const char *o = argv[i], *v = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(o, "--mech")) mech_name = v, i++;
        else if (!strcmp(o, "--tests")) tests = v, i++;
        else if (!strcmp(o, "--service")) service = v, i++;
        else if (!strcmp(o, "--seconds")) seconds = atof(v), i++;
        else if (!strcmp(o, "--reps")) reps = atoi(v), i++;
        else if (!strcmp(o, "--ccache")) ccache = v, i++;
        else if (!strcmp(o, "--label")) label = v, i++;
        else if (!strcmp(o, "--dce")) flags |= GSS_C_DCE_STYLE;
        else { fprintf(stderr, "unknown option %s\n", o); return 2; }
    }
    if (reps > 99) reps = 99;
    int ntlm = strstr(mech_name, "ntlm") != NULL;
    mech = !strncmp(mech_name, "spnego", 6) ? &oid_spnego : ntlm ? &oid_ntlm : &oid_krb5;
    if (!strcmp(ccache, "memory")) to_memory_ccache();

    gss_OID_set_desc one = { 1, mech }, inner = { 1, ntlm ? &oid_ntlm : &oid_krb5 };
    gss_buffer_desc nb = { strlen(service), (void *)service };
    maj = gss_import_name(&min, &nb, GSS_C_NT_HOSTBASED_SERVICE, &target);
    CK("gss_import_name", maj, min);
    maj = gss_acquire_cred(&min, GSS_C_NO_NAME, GSS_C_INDEFINITE, &one, GSS_C_INITIATE, &icred, NULL, NULL);
    CK("gss_acquire_cred(initiate)", maj, min);
    maj = gss_acquire_cred(&min, GSS_C_NO_NAME, GSS_C_INDEFINITE, &one, GSS_C_ACCEPT, &acred, NULL, NULL);
    CK("gss_acquire_cred(accept)", maj, min);
    if (mech == &oid_spnego) { /* negotiate exactly one mechanism */
        maj = gss_set_neg_mechs(&min, icred, &inner); CK("gss_set_neg_mechs", maj, min);
        maj = gss_set_neg_mechs(&min, acred, &inner); CK("gss_set_neg_mechs", maj, min);
    }

    static const size_t ws[] = { 64, 1024, 65536, 1048576 }, ms[] = { 64, 1024, 65536, 1048576 };
    if (strstr(tests, "ctx")) bench_ctx();
    if (strstr(tests, "wrap")) for (unsigned i = 0; i < sizeof ws / sizeof *ws; i++) bench_wrap(ws[i]);
    if (strstr(tests, "mic")) for (unsigned i = 0; i < sizeof ms / sizeof *ms; i++) bench_mic(ms[i]);
    return 0;
}
