/*
 * gss-peer: a GSS-API initiator or acceptor that speaks the framed protocol of ../README.md ("gss-peer protocol").
 * Builds against MIT krb5, with gss-ntlmssp as a plug-in mechanism, and against Heimdal (-DHEIMDAL).
 * Written for this project; the GSS-API libraries are linked as the distribution installs them.
 * Frames: type (1 byte) | length (4 bytes, big endian) | payload.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <poll.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_krb5.h>
#ifndef HEIMDAL
#include <gssapi/gssapi_ext.h>
#endif

enum { RC_OK = 0, RC_USAGE = 1, RC_IO = 2, RC_CTX = 3, RC_MSG = 4, RC_POLICY = 5 };

static gss_OID_desc OID_KRB5 = {9, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"};
static gss_OID_desc OID_SPNEGO = {6, "\x2b\x06\x01\x05\x05\x02"};
static gss_OID_desc OID_NTLM = {10, "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"};
static gss_OID_desc OID_IAKERB = {6, "\x2b\x06\x01\x05\x02\x05"};
static gss_OID_desc OID_HOSTBASED = {10, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04"};
static gss_OID_desc OID_USER = {10, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x01"};
static gss_OID_desc OID_KRB5NAME = {10, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01"};
static gss_OID_desc OID_SESSION_KEY = {11, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x05\x05"};

static int in_fd = 0, out_fd = 1, verbose, is_init;
static FILE *rep;
static const char *opt_mech = "krb5", *opt_target, *opt_target_type = "hostbased", *opt_user, *opt_password, *opt_neg,
                  *opt_sizes = "0,1,15,16,1000,70000";
static const char *opt_impersonate, *opt_store_deleg, *opt_require = "", *opt_cred_name;
static const char *opt_kinds;
static int opt_cb_addrtype, opt_replaytest;
static unsigned char *cb_data;
static size_t cb_len;
static int have_cb;
static int opt_iov, opt_aead, opt_prf, opt_export, opt_attrs, opt_once = 1, opt_nomsg, opt_expect_fail, opt_seqtest, opt_answer;
static OM_uint32 req_flags =
    GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG;

static void die(int code, const char *f, ...) {
  va_list a;
  va_start(a, f);
  fprintf(stderr, "gss-peer: ");
  vfprintf(stderr, f, a);
  fputc('\n', stderr);
  va_end(a);
  exit(code);
}
static void vlog(const char *f, ...) {
  va_list a;
  if (!verbose)
    return;
  va_start(a, f);
  fprintf(stderr, "gss-peer: ");
  vfprintf(stderr, f, a);
  fputc('\n', stderr);
  va_end(a);
}

/* ---------- framing ---------- */
static void put32(unsigned char *p, uint32_t v) {
  p[0] = v >> 24;
  p[1] = v >> 16;
  p[2] = v >> 8;
  p[3] = v;
}
static uint32_t get32(const unsigned char *p) { return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]; }
static void wr(const void *b, size_t n) {
  const char *p = b;
  while (n) {
    ssize_t k = write(out_fd, p, n);
    if (k < 0 && errno == EINTR)
      continue;
    if (k <= 0)
      die(RC_IO, "write: %s", strerror(errno));
    p += k;
    n -= k;
  }
}
static int rd(void *b, size_t n) {
  char *p = b;
  size_t got = 0;
  while (got < n) {
    ssize_t k = read(in_fd, p + got, n - got);
    if (k < 0 && errno == EINTR)
      continue;
    if (k < 0)
      die(RC_IO, "read: %s", strerror(errno));
    if (k == 0) {
      if (got)
        die(RC_IO, "short read");
      return 0;
    }
    got += k;
  }
  return 1;
}
static void send_frame(int type, const void *b, size_t n) {
  unsigned char *m = malloc(n + 5);
  m[0] = type;
  put32(m + 1, n);
  if (n)
    memcpy(m + 5, b, n);
  vlog("> %c %zu", type, n);
  wr(m, n + 5);
  free(m);
}
static int recv_frame(int *type, unsigned char **b, size_t *n) {
  unsigned char h[5];
  if (!rd(h, 5))
    return 0;
  *type = h[0];
  *n = get32(h + 1);
  if (*n > (64u << 20))
    die(RC_IO, "frame too large: %zu", *n);
  *b = malloc(*n + 1);
  (*b)[*n] = 0;
  if (*n && !rd(*b, *n))
    die(RC_IO, "eof in frame");
  vlog("< %c %zu", *type, *n);
  return 1;
}

/* ---------- text ---------- */
static char *status_text(OM_uint32 maj, OM_uint32 min, gss_OID mech) {
  static char buf[2048];
  size_t o = 0;
  OM_uint32 m2, ctx;
  gss_buffer_desc s;
  buf[0] = 0;
  for (int k = 0; k < 2; k++) {
    ctx = 0;
    do {
      if (GSS_ERROR(gss_display_status(&m2, k ? min : maj, k ? GSS_C_MECH_CODE : GSS_C_GSS_CODE, mech, &ctx, &s)))
        break;
      o += snprintf(buf + o, sizeof buf - o, "%s%.*s", o ? "; " : "", (int)s.length, (char *)s.value);
      gss_release_buffer(&m2, &s);
      if (o >= sizeof buf - 1)
        o = sizeof buf - 1;
    } while (ctx);
  }
  for (char *p = buf; *p; p++)
    if (*p == '"' || *p == '\\' || (unsigned char)*p < 32)
      *p = '\'';
  return buf;
}
static const char *supp(OM_uint32 maj) {
  static char b[96];
  b[0] = 0;
  if (maj & GSS_S_DUPLICATE_TOKEN)
    strcat(b, " DUPLICATE_TOKEN");
  if (maj & GSS_S_OLD_TOKEN)
    strcat(b, " OLD_TOKEN");
  if (maj & GSS_S_UNSEQ_TOKEN)
    strcat(b, " UNSEQ_TOKEN");
  if (maj & GSS_S_GAP_TOKEN)
    strcat(b, " GAP_TOKEN");
  return b;
}
static void hex(char *o, const unsigned char *p, size_t n) {
  for (size_t i = 0; i < n; i++)
    sprintf(o + 2 * i, "%02x", p[i]);
  o[2 * n] = 0;
}
static const char *oid_name(gss_OID o) {
  static char b[128];
  if (!o)
    return "none";
  if (o->length == OID_KRB5.length && !memcmp(o->elements, OID_KRB5.elements, o->length))
    return "krb5";
  if (o->length == OID_SPNEGO.length && !memcmp(o->elements, OID_SPNEGO.elements, o->length))
    return "spnego";
  if (o->length == OID_NTLM.length && !memcmp(o->elements, OID_NTLM.elements, o->length))
    return "ntlm";
  if (o->length == OID_IAKERB.length && !memcmp(o->elements, OID_IAKERB.elements, o->length))
    return "iakerb";
  hex(b, o->elements, o->length < 60 ? o->length : 60);
  return b;
}
static gss_OID mech_by_name(const char *n) {
  if (!strcmp(n, "krb5"))
    return &OID_KRB5;
  if (!strcmp(n, "spnego"))
    return &OID_SPNEGO;
  if (!strcmp(n, "ntlm"))
    return &OID_NTLM;
  if (!strcmp(n, "iakerb"))
    return &OID_IAKERB;
  die(RC_USAGE, "unknown mech %s", n);
  return 0;
}
static const struct {
  const char *n;
  OM_uint32 f;
} FL[] = {{"deleg", GSS_C_DELEG_FLAG},
          {"mutual", GSS_C_MUTUAL_FLAG},
          {"replay", GSS_C_REPLAY_FLAG},
          {"sequence", GSS_C_SEQUENCE_FLAG},
          {"conf", GSS_C_CONF_FLAG},
          {"integ", GSS_C_INTEG_FLAG},
          {"anon", GSS_C_ANON_FLAG},
          {"dce", GSS_C_DCE_STYLE},
          {"identify", GSS_C_IDENTIFY_FLAG},
          {"exterr", GSS_C_EXTENDED_ERROR_FLAG},
#ifdef GSS_C_DELEG_POLICY_FLAG
          {"delegpolicy", GSS_C_DELEG_POLICY_FLAG},
#endif
#ifdef GSS_C_CHANNEL_BOUND_FLAG
          {"cbound", GSS_C_CHANNEL_BOUND_FLAG},
#endif
          {"prot_ready", GSS_C_PROT_READY_FLAG},
          {"trans", GSS_C_TRANS_FLAG}};
static OM_uint32 flag_by_name(const char *n, size_t l) {
  for (size_t i = 0; i < sizeof FL / sizeof *FL; i++)
    if (strlen(FL[i].n) == l && !strncmp(FL[i].n, n, l))
      return FL[i].f;
  die(RC_USAGE, "unknown flag %.*s", (int)l, n);
  return 0;
}
static OM_uint32 flags_list(const char *s) {
  OM_uint32 f = 0;
  while (*s) {
    size_t l = strcspn(s, ",");
    if (l)
      f |= flag_by_name(s, l);
    s += l;
    if (*s)
      s++;
  }
  return f;
}
static char *flags_text(OM_uint32 f) {
  static char b[256];
  b[0] = 0;
  for (size_t i = 0; i < sizeof FL / sizeof *FL; i++)
    if (f & FL[i].f) {
      if (*b)
        strcat(b, ",");
      strcat(b, FL[i].n);
    }
  return b;
}
static char *name_text(gss_name_t n) {
  static char b[2][512];
  static int k;
  k ^= 1;
  OM_uint32 m;
  gss_buffer_desc s;
  gss_OID t;
  b[k][0] = 0;
  if (n && !GSS_ERROR(gss_display_name(&m, n, &s, &t))) {
    snprintf(b[k], sizeof b[k], "%.*s", (int)s.length, (char *)s.value);
    gss_release_buffer(&m, &s);
  }
  for (char *p = b[k]; *p; p++)
    if (*p == '"' || *p == '\\')
      *p = '/';
  return b[k];
}
static void report(const char *f, ...) {
  va_list a;
  va_start(a, f);
  vfprintf(rep, f, a);
  fputc('\n', rep);
  fflush(rep);
  va_end(a);
}
static void send_err(OM_uint32 maj, OM_uint32 min, gss_OID mech, const char *what) {
  char b[2400];
  int n =
      snprintf(b, sizeof b, "%s: major=0x%08x minor=%u%s: %s", what, maj, min, supp(maj), status_text(maj, min, mech));
  send_frame('E', b, n);
}

#ifdef HEIMDAL /* Heimdal 7 has no gss_set_neg_mechs */
static OM_uint32 gss_set_neg_mechs(OM_uint32 *min, gss_cred_id_t c, gss_OID_set s) {
  (void)c;
  (void)s;
  *min = 0;
  return GSS_S_UNAVAILABLE;
}
#endif
/* ---------- context ---------- */
static gss_ctx_id_t ctx;
static gss_OID act_mech;
static OM_uint32 ret_flags;
static gss_cred_id_t deleg;
static gss_name_t peer_name;

static char *info_json(void) {
  static char out[20000];
  OM_uint32 maj, min, life = 0, fl = 0;
  gss_name_t s = 0, t = 0;
  gss_OID m = 0;
  int loc = 0, open = 0;
  gss_buffer_set_t set = 0;
  char key[600] = "", attrs[12000] = "";
  /* gss-ntlmssp 1.2.0 crashes on targ_name of an acceptor without a named credential */
  maj = gss_inquire_context(&min, ctx, &s, !is_init && !strcmp(oid_name(act_mech), "ntlm") ? NULL : &t, &life, &m, &fl,
                            &loc, &open);
  if (GSS_ERROR(maj)) {
    s = t = 0;
    m = act_mech;
    fl = ret_flags;
  }
  if (!GSS_ERROR(gss_inquire_sec_context_by_oid(&min, ctx, &OID_SESSION_KEY, &set)) && set && set->count &&
      set->elements[0].length <= 64) {
    hex(key, set->elements[0].value, set->elements[0].length);
  }
  if (set)
    gss_release_buffer_set(&min, &set);
  if (opt_attrs && peer_name) {
    gss_buffer_set_t as = 0;
    int mn;
    gss_OID mm;
    if (!GSS_ERROR(gss_inquire_name(&min, peer_name, &mn, &mm, &as)) && as) {
      size_t o = 0;
      for (size_t i = 0; i < as->count && o < sizeof attrs - 900; i++) {
        gss_buffer_desc v = GSS_C_EMPTY_BUFFER, d = GSS_C_EMPTY_BUFFER;
        int au, co, more = -1;
        OM_uint32 r = gss_get_name_attribute(&min, peer_name, &as->elements[i], &au, &co, &v, &d, &more);
        o += snprintf(attrs + o, sizeof attrs - o, "%s\"%.*s\":%zu", o ? "," : "", (int)as->elements[i].length,
                      (char *)as->elements[i].value, GSS_ERROR(r) ? (size_t)0 : v.length);
        gss_release_buffer(&min, &v);
        gss_release_buffer(&min, &d);
      }
      gss_release_buffer_set(&min, &as);
    }
  }
  char fb[256];
  strcpy(fb, flags_text(fl | ret_flags));
  char mb[128];
  strcpy(mb, oid_name(act_mech));
  snprintf(out, sizeof out,
           "{\"role\":\"%s\",\"mech\":\"%s\",\"initiator\":\"%s\",\"acceptor\":\"%s\",\"flags\":\"%s\",\"lifetime\":%u,"
           "\"delegated\":%s,\"sessionKey\":\"%s\"%s%s%s}",
           is_init ? "initiator" : "acceptor", mb, s ? name_text(s) : "", t ? name_text(t) : "", fb, life,
           deleg ? "true" : "false", key, opt_attrs ? ",\"attributes\":{" : "", attrs, opt_attrs ? "}" : "");
  gss_release_name(&min, &s);
  gss_release_name(&min, &t);
  return out;
}

/* split "u32 len | bytes" fields */
static int field(unsigned char **p, size_t *left, gss_buffer_t b) {
  if (*left < 4)
    return 0;
  uint32_t n = get32(*p);
  *p += 4;
  *left -= 4;
  if (n > *left)
    return 0;
  b->length = n;
  b->value = *p;
  *p += n;
  *left -= n;
  return 1;
}
static unsigned char *addf(unsigned char *p, const void *b, size_t n) {
  put32(p, n);
  if (n)
    memcpy(p + 4, b, n);
  return p + 4 + n;
}

/* NTLM has one protection level per context: gss_wrap seals whenever SEAL was negotiated, whatever conf_req says */
static int conf_any(void) { return !strcmp(oid_name(act_mech), "ntlm"); }
/* build a protected message of kind k over msg (assoc for I and A). returns malloced payload or 0 (error in *maj,*min)
 */
static unsigned char *protect(int k, int conf, gss_buffer_t msg, gss_buffer_t a1, gss_buffer_t a2, size_t *outn,
                              OM_uint32 *maj, OM_uint32 *min) {
  gss_buffer_desc tok = GSS_C_EMPTY_BUFFER;
  int cs = 0;
  OM_uint32 m2;
  unsigned char *o = 0;
  if (k == 'W' || k == 'w') {
    *maj = gss_wrap(min, ctx, k == 'W', GSS_C_QOP_DEFAULT, msg, &cs, &tok);
    if (GSS_ERROR(*maj))
      return 0;
    if (cs != (k == 'W') && !conf_any()) {
      fprintf(stderr, "gss-peer: conf_state %d for %c\n", cs, k);
      *maj = GSS_S_BAD_QOP;
      return 0;
    }
    o = malloc(tok.length + 1);
    memcpy(o, tok.value, tok.length);
    *outn = tok.length;
    gss_release_buffer(&m2, &tok);
  } else if (k == 'M') {
    *maj = gss_get_mic(min, ctx, GSS_C_QOP_DEFAULT, msg, &tok);
    if (GSS_ERROR(*maj))
      return 0;
    o = malloc(8 + msg->length + tok.length);
    unsigned char *p = addf(o, msg->value, msg->length);
    p = addf(p, tok.value, tok.length);
    *outn = p - o;
    gss_release_buffer(&m2, &tok);
  } else if (k == 'A') {
    *maj = gss_wrap_aead(min, ctx, conf, GSS_C_QOP_DEFAULT, a1, msg, &cs, &tok);
    if (GSS_ERROR(*maj))
      return 0;
    o = malloc(9 + a1->length + tok.length);
    o[0] = conf;
    unsigned char *p = addf(o + 1, a1->value, a1->length);
    p = addf(p, tok.value, tok.length);
    *outn = p - o;
    gss_release_buffer(&m2, &tok);
  } else { /* I: DCE/RPC layout: sign-only | data | sign-only | header(token) */
    gss_iov_buffer_desc v[4];
    memset(v, 0, sizeof v);
    unsigned char *d = malloc(msg->length + 1);
    memcpy(d, msg->value, msg->length);
    v[0].type = GSS_IOV_BUFFER_TYPE_SIGN_ONLY;
    v[0].buffer = *a1;
    v[1].type = GSS_IOV_BUFFER_TYPE_DATA;
    v[1].buffer.value = d;
    v[1].buffer.length = msg->length;
    v[2].type = GSS_IOV_BUFFER_TYPE_SIGN_ONLY;
    v[2].buffer = *a2;
    v[3].type = GSS_IOV_BUFFER_TYPE_HEADER;
#ifdef HEIMDAL
    *maj = gss_wrap_iov_length(min, ctx, conf, GSS_C_QOP_DEFAULT, &cs, v, 4);
    if (GSS_ERROR(*maj)) {
      free(d);
      return 0;
    }
    v[3].buffer.value = calloc(1, v[3].buffer.length + 1);
#else
    v[3].type |= GSS_IOV_BUFFER_FLAG_ALLOCATE;
#endif
    *maj = gss_wrap_iov(min, ctx, conf, GSS_C_QOP_DEFAULT, &cs, v, 4);
    if (GSS_ERROR(*maj)) {
      free(d);
      return 0;
    }
    o = malloc(17 + a1->length + msg->length + a2->length + v[3].buffer.length);
    o[0] = conf;
    unsigned char *p = addf(o + 1, a1->value, a1->length);
    p = addf(p, d, v[1].buffer.length);
    p = addf(p, a2->value, a2->length);
    p = addf(p, v[3].buffer.value, v[3].buffer.length);
    *outn = p - o;
    free(d);
#ifndef HEIMDAL
    gss_release_iov_buffer(&m2, v, 4);
#endif
  }
  return o;
}
/* open a protected message; plain gets a malloced copy. a1/a2 point into the payload. returns 1 if valid (supplementary
 * bits left in *maj) */
static int unprotect(int k, unsigned char *b, size_t n, gss_buffer_t plain, gss_buffer_t a1, gss_buffer_t a2, int *conf,
                     OM_uint32 *maj, OM_uint32 *min) {
  gss_buffer_desc in = {n, b}, o = GSS_C_EMPTY_BUFFER, f2;
  int cs = 0;
  gss_qop_t q;
  OM_uint32 m2;
  unsigned char *p = b;
  size_t left = n;
  plain->value = 0;
  plain->length = 0;
  a1->length = a2->length = 0;
  a1->value = a2->value = 0;
  if (k == 'W' || k == 'w') {
    *maj = gss_unwrap(min, ctx, &in, &o, &cs, &q);
    if (GSS_ERROR(*maj))
      return 0;
    *conf = cs;
    if (cs != (k == 'W') && !conf_any()) {
      *maj = GSS_S_BAD_QOP;
      *min = 0;
      return 0;
    }
  } else if (k == 'M') {
    gss_buffer_desc m;
    if (!field(&p, &left, &m) || !field(&p, &left, &f2))
      die(RC_IO, "bad M frame");
    *maj = gss_verify_mic(min, ctx, &m, &f2, &q);
    if (GSS_ERROR(*maj))
      return 0;
    plain->value = malloc(m.length + 1);
    memcpy(plain->value, m.value, m.length);
    plain->length = m.length;
    return 1;
  } else if (k == 'A') {
    if (left < 1)
      die(RC_IO, "bad A frame");
    *conf = *p++;
    left--;
    if (!field(&p, &left, a1) || !field(&p, &left, &f2))
      die(RC_IO, "bad A frame");
    *maj = gss_unwrap_aead(min, ctx, &f2, a1, &o, &cs, &q);
    if (GSS_ERROR(*maj))
      return 0;
    if (cs != *conf) {
      *maj = GSS_S_BAD_QOP;
      *min = 0;
      return 0;
    }
  } else {
    if (left < 1)
      die(RC_IO, "bad I frame");
    *conf = *p++;
    left--;
    gss_buffer_desc d;
    if (!field(&p, &left, a1) || !field(&p, &left, &d) || !field(&p, &left, a2) || !field(&p, &left, &f2))
      die(RC_IO, "bad I frame");
    gss_iov_buffer_desc v[4];
    memset(v, 0, sizeof v);
    v[0].type = GSS_IOV_BUFFER_TYPE_SIGN_ONLY;
    v[0].buffer = *a1;
    v[1].type = GSS_IOV_BUFFER_TYPE_DATA;
    v[1].buffer = d;
    v[2].type = GSS_IOV_BUFFER_TYPE_SIGN_ONLY;
    v[2].buffer = *a2;
    v[3].type = GSS_IOV_BUFFER_TYPE_HEADER;
    v[3].buffer = f2;
    *maj = gss_unwrap_iov(min, ctx, &cs, &q, v, 4);
    if (GSS_ERROR(*maj))
      return 0;
    if (cs != *conf) {
      *maj = GSS_S_BAD_QOP;
      *min = 0;
      return 0;
    }
    plain->value = malloc(d.length + 1);
    memcpy(plain->value, v[1].buffer.value, v[1].buffer.length);
    plain->length = v[1].buffer.length;
    return 1;
  }
  plain->value = malloc(o.length + 1);
  memcpy(plain->value, o.value, o.length);
  plain->length = o.length;
  gss_release_buffer(&m2, &o);
  return 1;
}

static int
accept_loop(void) { /* message phase, acceptor: verify, then send the same message back protected the same way; or just open, or seal */
  int type, bad = 0;
  unsigned char *b;
  size_t n;
  while (recv_frame(&type, &b, &n)) {
    OM_uint32 maj = 0, min = 0;
    if (type == 'Q') {
      send_frame('Q', 0, 0);
      free(b);
      return bad ? RC_MSG : RC_OK;
    } else if (type == 'N') {
      char *j = info_json();
      send_frame('N', j, strlen(j));
    } else if (type == 'E') {
      fprintf(stderr, "gss-peer: peer says: %s\n", b);
      bad = 1;
    } else if (type == 'R') {
      if (n < 8)
        die(RC_IO, "bad R frame");
      gss_buffer_desc in = {n - 8, b + 8}, o = GSS_C_EMPTY_BUFFER;
      maj = gss_pseudo_random(&min, ctx, get32(b), &in, get32(b + 4), &o);
      if (GSS_ERROR(maj))
        send_err(maj, min, act_mech, "pseudo_random");
      else
        send_frame('R', o.value, o.length);
    } else if (type == 'O' || type == 'S') {
      gss_buffer_desc in = {n, b}, o = GSS_C_EMPTY_BUFFER;
      int cs = 0;
      maj = type == 'O' ? gss_unwrap(&min, ctx, &in, &o, &cs, 0) : gss_wrap(&min, ctx, 1, 0, &in, &cs, &o);
      if (maj == GSS_S_COMPLETE && !cs)
        maj = GSS_S_BAD_QOP;
      if (maj != GSS_S_COMPLETE)
        send_err(maj, min, act_mech, type == 'O' ? "unwrap" : "wrap");
      else
        send_frame(type, o.value, o.length);
      gss_release_buffer(&min, &o);
    } else if (type == 'W' || type == 'w' || type == 'M' || type == 'A' || type == 'I') {
      gss_buffer_desc pl, a1, a2;
      int conf = 0;
      size_t on;
      if (!unprotect(type, b, n, &pl, &a1, &a2, &conf, &maj, &min)) {
        send_err(maj, min, act_mech, "unprotect");
        if (!opt_seqtest)
          bad = 1;
      } else if (maj & 0xffff) {
        send_err(maj, min, act_mech, "sequence");
        if (!opt_seqtest)
          bad = 1;
      } else {
        unsigned char *o = protect(type, conf, &pl, &a1, &a2, &on, &maj, &min);
        if (!o) {
          send_err(maj, min, act_mech, "protect");
          bad = 1;
        } else {
          send_frame(type, o, on);
          free(o);
        }
      }
      free(pl.value);
    } else
      die(RC_IO, "unexpected frame %c", type);
    free(b);
  }
  return bad ? RC_MSG : RC_OK;
}
static int fails, tests;
static void result(const char *what, size_t sz, int ok, OM_uint32 maj, OM_uint32 min) {
  tests++;
  if (!ok)
    fails++;
  if (!ok || verbose)
    fprintf(stderr, "gss-peer: %s %s size=%zu%s%s%s\n", ok ? "ok" : "FAIL", what, sz, supp(maj), ok ? "" : ": ",
            ok ? "" : status_text(maj, min, act_mech));
}
static void one(int k, int conf, size_t sz) {
  OM_uint32 maj = 0, min = 0;
  unsigned char *m = malloc(sz + 1), *b;
  for (size_t i = 0; i < sz; i++)
    m[i] = i * 7 + sz;
  gss_buffer_desc msg = {sz, m}, a1 = {24, "rpc-header--sign-only-24"}, a2 = {8, "sectrail"}, pl, r1, r2;
  size_t n;
  int type, cf = 0;
  char w[16];
  snprintf(w, sizeof w, "%c/conf=%d", k, k == 'W' ? 1 : conf);
  unsigned char *o = protect(k, conf, &msg, &a1, &a2, &n, &maj, &min);
  if (!o) {
    result(w, sz, 0, maj, min);
    free(m);
    return;
  }
  send_frame(k, o, n);
  free(o);
  if (!recv_frame(&type, &b, &n))
    die(RC_IO, "peer closed");
  if (type == 'E') {
    fprintf(stderr, "gss-peer: peer says: %s\n", b);
    result(w, sz, 0, 0, 0);
  } else if (type != k)
    die(RC_IO, "expected %c got %c", k, type);
  else {
    int ok = unprotect(k, b, n, &pl, &r1, &r2, &cf, &maj, &min) && !(maj & 0xffff) && pl.length == sz &&
             !memcmp(pl.value, m, sz);
    result(w, sz, ok, maj, min);
    free(pl.value);
  }
  free(b);
  free(m);
}
static int init_loop(void) {
  int type;
  unsigned char *b;
  size_t n;
  OM_uint32 maj, min;
  send_frame('N', 0, 0);
  if (!recv_frame(&type, &b, &n))
    die(RC_IO, "peer closed");
  if (type == 'N')
    report("{\"peer\":%s}", n ? (char *)b : "{}");
  else if (type == 'E') {
    fprintf(stderr, "gss-peer: peer says: %s\n", b);
    return RC_CTX;
  }
  free(b);
  if (!opt_nomsg)
    for (const char *s = opt_sizes; *s;) {
      size_t sz = strtoul(s, 0, 10);
      s += strcspn(s, ",");
      if (*s)
        s++;
      char kinds[16];
      snprintf(kinds, sizeof kinds, "WwM%s%s", opt_aead ? "Aa" : "", opt_iov ? "Ii" : "");
      for (const char *k = opt_kinds ? opt_kinds : kinds; *k; k++) {
        int conf = *k == 'W' || *k == 'A' || *k == 'I';
        if (conf && !(ret_flags & GSS_C_CONF_FLAG))
          continue;
        one(*k == 'a' ? 'A' : *k == 'i' ? 'I' : *k, conf, sz);
      }
    }
  if (opt_replaytest) { /* the acceptor (with --seq-errors-ok) must answer a repeated token with DUPLICATE and a skipped
                           one with GAP */
    gss_buffer_desc m = {5, "again"};
    gss_buffer_desc none = GSS_C_EMPTY_BUFFER;
    const char *want[4] = {0, "DUPLICATE_TOKEN", "GAP_TOKEN", "UNSEQ_TOKEN"};
    unsigned char *o[3];
    size_t on[3];
    for (int i = 0; i < 3; i++) {
      o[i] = protect('w', 0, &m, &none, &none, &on[i], &maj, &min);
      if (!o[i]) {
        result("replay", i, 0, maj, min);
        return RC_MSG;
      }
    }
    int seq[4] = {0, 0, 2, 1}; /* once, again, one skipped, the skipped one late */
    for (int i = 0; i < 4; i++) {
      send_frame('w', o[seq[i]], on[seq[i]]);
      if (!recv_frame(&type, &b, &n))
        die(RC_IO, "peer closed");
      int good = want[i] ? type == 'E' && strstr((char *)b, want[i]) : type == 'w';
      if (verbose || !good)
        fprintf(stderr, "gss-peer: replay test %d: %c %s\n", i, type, type == 'E' ? (char *)b : "");
      result("replay", i, good, 0, 0);
      free(b);
    }
  }
  if (opt_prf)
    for (uint32_t k = 0; k < 2; k++) {
      unsigned char q[16];
      put32(q, k);
      put32(q + 4, 100);
      memcpy(q + 8, "prftest!", 8);
      gss_buffer_desc in = {8, q + 8}, o = GSS_C_EMPTY_BUFFER;
      maj = gss_pseudo_random(&min, ctx, k, &in, 100, &o);
      if (GSS_ERROR(maj)) {
        result("prf", k, 0, maj, min);
        continue;
      }
      send_frame('R', q, 16);
      if (!recv_frame(&type, &b, &n))
        die(RC_IO, "peer closed");
      result("prf", k, type == 'R' && n == o.length && !memcmp(b, o.value, n), 0, 0);
      free(b);
    }
  send_frame('Q', 0, 0);
  if (recv_frame(&type, &b, &n)) {
    if (type != 'Q') {
      fprintf(stderr, "gss-peer: peer says: %s\n", b);
      fails++;
    }
    free(b);
  }
  report("{\"messages\":%d,\"failed\":%d}", tests, fails);
  return fails ? RC_MSG : RC_OK;
}
static int ctx_fail(OM_uint32 maj, OM_uint32 min, gss_OID mech, const char *what, int tell) {
  report("{\"error\":\"%s\",\"major\":\"0x%08x\",\"minor\":%u,\"text\":\"%s\"}", what, maj, min,
         status_text(maj, min, mech));
  if (tell)
    send_err(maj, min, mech, what);
  return opt_expect_fail ? RC_OK : RC_CTX;
}

static int run(void) {
  OM_uint32 maj, min, life;
  gss_OID mech = mech_by_name(opt_mech);
  gss_cred_id_t cred = GSS_C_NO_CREDENTIAL;
  gss_OID_set_desc ms = {1, mech};
  gss_name_t target = 0, self = 0;
  struct gss_channel_bindings_struct cb;
  int type;
  unsigned char *b;
  size_t n;
  gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
  memset(&cb, 0, sizeof cb);
  cb.initiator_addrtype = cb.acceptor_addrtype =
      opt_cb_addrtype; /* default 0 = GSS_C_AF_UNSPEC, no addresses; the JDK uses 255 */
  cb.application_data.length = cb_len;
  cb.application_data.value = cb_data;
  gss_channel_bindings_t pcb = have_cb ? &cb : GSS_C_NO_CHANNEL_BINDINGS;
  ctx = GSS_C_NO_CONTEXT;
  deleg = 0;
  peer_name = 0;
  fails = tests = 0;
  if (is_init) {
    if (!opt_target)
      die(RC_USAGE, "--target is needed");
    gss_buffer_desc t = {strlen(opt_target), (void *)opt_target};
    maj = gss_import_name(&min, &t,
                          !strcmp(opt_target_type, "krb5")   ? &OID_KRB5NAME
                          : !strcmp(opt_target_type, "user") ? &OID_USER
                                                             : &OID_HOSTBASED,
                          &target);
    if (GSS_ERROR(maj))
      return ctx_fail(maj, min, mech, "import_name", 0);
    if (opt_user) {
      gss_buffer_desc u = {strlen(opt_user), (void *)opt_user};
      maj = gss_import_name(&min, &u, &OID_USER, &self);
      if (GSS_ERROR(maj))
        return ctx_fail(maj, min, mech, "import_name", 0);
      if (opt_password) {
        gss_buffer_desc p = {strlen(opt_password), (void *)opt_password};
        maj = gss_acquire_cred_with_password(&min, self, &p, GSS_C_INDEFINITE, &ms, GSS_C_INITIATE, &cred, 0, 0);
      } else
        maj = gss_acquire_cred(&min, self, GSS_C_INDEFINITE, &ms, GSS_C_INITIATE, &cred, 0, 0);
      if (GSS_ERROR(maj))
        return ctx_fail(maj, min, mech, "acquire_cred", 0);
    }
    if (opt_impersonate) {
#ifndef HEIMDAL
      gss_cred_id_t me = 0, im = 0;
      gss_name_t who;
      gss_buffer_desc u = {strlen(opt_impersonate), (void *)opt_impersonate};
      maj = gss_acquire_cred(&min, GSS_C_NO_NAME, GSS_C_INDEFINITE, &ms, GSS_C_BOTH, &me, 0, 0);
      if (GSS_ERROR(maj))
        return ctx_fail(maj, min, mech, "acquire_cred(both)", 0);
      gss_import_name(&min, &u, &OID_USER, &who);
      maj = gss_acquire_cred_impersonate_name(&min, me, who, GSS_C_INDEFINITE, &ms, GSS_C_INITIATE, &im, 0, 0);
      if (GSS_ERROR(maj))
        return ctx_fail(maj, min, mech, "impersonate", 0);
      cred = im;
#else
      die(RC_USAGE, "--impersonate is MIT only");
#endif
    }
  } else {
    gss_name_t an = 0;
    if (opt_cred_name) {
      gss_buffer_desc t = {strlen(opt_cred_name), (void *)opt_cred_name};
      maj = gss_import_name(
          &min, &t, strchr(opt_cred_name, '@') || !strchr(opt_cred_name, '/') ? &OID_HOSTBASED : &OID_KRB5NAME, &an);
      if (GSS_ERROR(maj))
        return ctx_fail(maj, min, mech, "import_name", 1);
    }
    maj = gss_acquire_cred(&min, an, GSS_C_INDEFINITE, &ms, GSS_C_ACCEPT, &cred, 0, 0);
    if (GSS_ERROR(maj))
      return ctx_fail(maj, min, mech, "acquire_cred", 1);
  }
  if (opt_neg && cred) {
    gss_OID_desc l[4];
    gss_OID_set_desc s = {0, l};
    char *d = strdup(opt_neg), *sv, *w;
    for (w = strtok_r(d, ",", &sv); w && s.count < 4; w = strtok_r(0, ",", &sv))
      l[s.count++] = *mech_by_name(w);
    maj = gss_set_neg_mechs(&min, cred, &s);
    free(d);
    if (GSS_ERROR(maj))
      return ctx_fail(maj, min, mech, "set_neg_mechs", !is_init);
  } else if (opt_neg) {
    gss_OID_desc l[4];
    gss_OID_set_desc s = {0, l};
    char *d = strdup(opt_neg), *sv, *w;
    maj = gss_acquire_cred(&min, GSS_C_NO_NAME, GSS_C_INDEFINITE, &ms, GSS_C_INITIATE, &cred, 0, 0);
    if (GSS_ERROR(maj))
      return ctx_fail(maj, min, mech, "acquire_cred", 0);
    for (w = strtok_r(d, ",", &sv); w && s.count < 4; w = strtok_r(0, ",", &sv))
      l[s.count++] = *mech_by_name(w);
    maj = gss_set_neg_mechs(&min, cred, &s);
    free(d);
    if (GSS_ERROR(maj))
      return ctx_fail(maj, min, mech, "set_neg_mechs", 0);
  }

  /* context establishment: frame T per token; E ends it */
  maj = GSS_S_CONTINUE_NEEDED;
  gss_buffer_desc in = GSS_C_EMPTY_BUFFER;
  b = 0;
  int legs = 0;
  while (maj & GSS_S_CONTINUE_NEEDED) {
    if (!is_init || legs) {
      if (!recv_frame(&type, &b, &n)) {
        if (!legs)
          return RC_OK;
        report("{\"error\":\"peer closed during context establishment\"}");
        return opt_expect_fail ? RC_OK : RC_CTX;
      }
      if (type == 'E') {
        report("{\"error\":\"peer\",\"text\":\"%s\"}", b);
        return opt_expect_fail ? RC_OK : RC_CTX;
      }
      if (type != 'T')
        die(RC_IO, "expected T got %c", type);
      in.value = b;
      in.length = n;
    }
    legs++;
    if (is_init)
      maj = gss_init_sec_context(&min, cred, &ctx, target, mech, req_flags, 0, pcb, &in, &act_mech, &out, &ret_flags,
                                 &life);
    else
      maj = gss_accept_sec_context(&min, &ctx, cred, &in, pcb, &peer_name, &act_mech, &out, &ret_flags, &life, &deleg);
    if (out.length) {
      send_frame('T', out.value, out.length);
      OM_uint32 x;
      gss_release_buffer(&x, &out);
    }
    free(b);
    b = 0;
    if (GSS_ERROR(maj))
      return ctx_fail(maj, min, mech, is_init ? "init_sec_context" : "accept_sec_context", 1);
  }
  if (opt_export) {
    gss_buffer_desc e;
    maj = gss_export_sec_context(&min, &ctx, &e);
    if (GSS_ERROR(maj))
      return ctx_fail(maj, min, mech, "export_sec_context", 1);
    maj = gss_import_sec_context(&min, &e, &ctx);
    if (GSS_ERROR(maj))
      return ctx_fail(maj, min, mech, "import_sec_context", 1);
  }
  report("{\"established\":%s,\"legs\":%d}", info_json(), legs);
  if (opt_expect_fail) {
    report("{\"error\":\"context was established but --expect-fail\"}");
    return RC_CTX;
  }
  if (deleg && opt_store_deleg) {
#ifndef HEIMDAL
    gss_key_value_element_desc el = {"ccache", opt_store_deleg};
    gss_key_value_set_desc ks = {1, &el};
    maj = gss_store_cred_into(&min, deleg, GSS_C_INITIATE, &OID_KRB5, 1, 1, &ks, 0, 0);
    if (GSS_ERROR(maj))
      return ctx_fail(maj, min, mech, "store_cred_into", 1);
#else
    die(RC_USAGE, "--store-deleg is MIT only");
#endif
  }
  OM_uint32 want = flags_list(opt_require);
  if ((ret_flags & want) != want) {
    report("{\"error\":\"required flags missing\",\"missing\":\"%s\"}", flags_text(want & ~ret_flags));
    char t[300];
    int k = snprintf(t, sizeof t, "required flags missing: %s", flags_text(want & ~ret_flags));
    send_frame('E', t, k);
    return RC_POLICY;
  }
  int rc = is_init && !opt_answer ? init_loop() : accept_loop();
  gss_delete_sec_context(&min, &ctx, GSS_C_NO_BUFFER);
  return rc;
}
/* leave politely: the peer may still be writing, and a reset would throw away the E frame that tells it why */
static void drain(int fd) {
  char b[4096];
  struct pollfd p = {fd, POLLIN, 0};
  shutdown(fd, SHUT_WR);
  while (poll(&p, 1, 2000) > 0 && read(fd, b, sizeof b) > 0)
    ;
  close(fd);
}
static int dial(const char *hp, int listening) {
  char *d = strdup(hp), *c = strrchr(d, ':');
  if (!c)
    die(RC_USAGE, "host:port expected");
  *c++ = 0;
  struct addrinfo h = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *r;
  int e = getaddrinfo(d, c, &h, &r), s, one = 1;
  if (e)
    die(RC_IO, "%s: %s", hp, gai_strerror(e));
  s = socket(r->ai_family, SOCK_STREAM, 0);
  if (listening) {
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(s, r->ai_addr, r->ai_addrlen) || listen(s, 16))
      die(RC_IO, "listen %s: %s", hp, strerror(errno));
  } else {
    if (connect(s, r->ai_addr, r->ai_addrlen))
      die(RC_IO, "connect %s: %s", hp, strerror(errno));
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  }
  freeaddrinfo(r);
  free(d);
  return s;
}
static const char USAGE[] =
    "usage: gss-peer init|accept [--stdio | --connect HOST:PORT | --listen HOST:PORT [--forever]] [options]\n"
    "  --mech krb5|spnego|ntlm|iakerb   --neg krb5,ntlm (SPNEGO inner list)\n"
    "  --target svc@host --target-type hostbased|krb5|user   --user U [--password P]   --impersonate U "
    "(S4U2Self/Proxy)\n"
    "  --cred-name svc@host (acceptor)  --keytab F --ccache F --client-keytab F --krb5-config F --ntlm-user-file F "
    "(set the environment)\n"
    "  --flags deleg,mutual,replay,sequence,conf,integ,dce,anon,identify,exterr (default "
    "mutual,replay,sequence,conf,integ; '' = none)\n"
    "  --require FLAGS (exit 5 when missing)   --cb HEX | --cb-text T (channel bindings application data)   "
    "--cb-addrtype N (default 0; the JDK uses 255)\n"
    "  --sizes 0,1,1000  --no-messages  --kinds WwMAaIi (initiator: message kinds to exchange, default WwM)  --iov "
    "(DCE gss_wrap_iov)  --aead  --prf  --export  --attrs (name attributes, e.g. PAC)\n"
    "  --store-deleg CCACHE  --expect-fail\n"
    "  --replay-test (initiator: sends duplicate/skipped/late tokens)  --seq-errors-ok (acceptor: sequence errors are "
    "answered with E but are not a failure)\n"
    "  --answer (initiator: then answers frames as an acceptor does)\n"
    "  --timeout SECONDS (default 60)  -v\n"
    "exit: 0 ok, 1 usage, 2 transport/protocol, 3 context not established, 4 message protection failed, 5 required "
    "flags missing\n";
int main(int argc, char **argv) {
  enum {
    CONNECT = 256,
    LISTEN,
    STDIO,
    FOREVER,
    MECH,
    NEG,
    TARGET,
    TTYPE,
    USER_,
    PASS,
    IMP,
    CREDN,
    KEYTAB,
    CCACHE,
    CKT,
    KCONF,
    NUF,
    FLAGS,
    REQ,
    CB,
    CBT,
    SIZES,
    NOMSG,
    IOV,
    AEAD,
    PRF,
    EXPORT,
    ATTRS,
    STORE,
    KINDS,
    CBAT,
    RPT,
    XFAIL,
    SEQ,
    ANSWER,
    TMO
  };
  static struct option lo[] = {{"connect", 1, 0, CONNECT},    {"listen", 1, 0, LISTEN},
                               {"stdio", 0, 0, STDIO},        {"forever", 0, 0, FOREVER},
                               {"mech", 1, 0, MECH},          {"neg", 1, 0, NEG},
                               {"target", 1, 0, TARGET},      {"target-type", 1, 0, TTYPE},
                               {"user", 1, 0, USER_},         {"password", 1, 0, PASS},
                               {"impersonate", 1, 0, IMP},    {"cred-name", 1, 0, CREDN},
                               {"keytab", 1, 0, KEYTAB},      {"ccache", 1, 0, CCACHE},
                               {"client-keytab", 1, 0, CKT},  {"krb5-config", 1, 0, KCONF},
                               {"ntlm-user-file", 1, 0, NUF}, {"flags", 1, 0, FLAGS},
                               {"require", 1, 0, REQ},        {"cb", 1, 0, CB},
                               {"cb-text", 1, 0, CBT},        {"sizes", 1, 0, SIZES},
                               {"no-messages", 0, 0, NOMSG},  {"iov", 0, 0, IOV},
                               {"aead", 0, 0, AEAD},          {"prf", 0, 0, PRF},
                               {"export", 0, 0, EXPORT},      {"attrs", 0, 0, ATTRS},
                               {"store-deleg", 1, 0, STORE},  {"kinds", 1, 0, KINDS},
                               {"cb-addrtype", 1, 0, CBAT},   {"replay-test", 0, 0, RPT},
                               {"expect-fail", 0, 0, XFAIL},  {"seq-errors-ok", 0, 0, SEQ},
                               {"answer", 0, 0, ANSWER},      {"timeout", 1, 0, TMO},
                               {0}};
  const char *conn = 0, *lis = 0;
  int c, tmo = 60;
  rep = stderr;
  if (argc < 2 || (strcmp(argv[1], "init") && strcmp(argv[1], "accept"))) {
    fputs(USAGE, stderr);
    return RC_USAGE;
  }
  is_init = !strcmp(argv[1], "init");
  optind = 2;
  while ((c = getopt_long(argc, argv, "v", lo, 0)) != -1)
    switch (c) {
    case 'v':
      verbose = 1;
      break;
    case CONNECT:
      conn = optarg;
      break;
    case LISTEN:
      lis = optarg;
      break;
    case STDIO:
      break;
    case ANSWER:
      opt_answer = 1;
      break;
    case FOREVER:
      opt_once = 0;
      break;
    case MECH:
      opt_mech = optarg;
      break;
    case NEG:
      opt_neg = optarg;
      break;
    case TARGET:
      opt_target = optarg;
      break;
    case TTYPE:
      opt_target_type = optarg;
      break;
    case USER_:
      opt_user = optarg;
      break;
    case PASS:
      opt_password = optarg;
      break;
    case IMP:
      opt_impersonate = optarg;
      break;
    case CREDN:
      opt_cred_name = optarg;
      break;
    case KEYTAB:
      setenv("KRB5_KTNAME", optarg, 1);
      break;
    case CCACHE:
      setenv("KRB5CCNAME", optarg, 1);
      break;
    case CKT:
      setenv("KRB5_CLIENT_KTNAME", optarg, 1);
      break;
    case KCONF:
      setenv("KRB5_CONFIG", optarg, 1);
      break;
    case NUF:
      setenv("NTLM_USER_FILE", optarg, 1);
      break;
    case FLAGS:
      req_flags = flags_list(optarg);
      break;
    case REQ:
      opt_require = optarg;
      break;
    case CB:
      have_cb = 1;
      cb_len = strlen(optarg) / 2;
      cb_data = malloc(cb_len + 1);
      for (size_t i = 0; i < cb_len; i++) {
        unsigned x;
        if (sscanf(optarg + 2 * i, "%2x", &x) != 1)
          die(RC_USAGE, "bad hex");
        cb_data[i] = x;
      }
      break;
    case CBT:
      have_cb = 1;
      cb_data = (void *)strdup(optarg);
      cb_len = strlen(optarg);
      break;
    case SIZES:
      opt_sizes = optarg;
      break;
    case NOMSG:
      opt_nomsg = 1;
      break;
    case IOV:
      opt_iov = 1;
      break;
    case AEAD:
      opt_aead = 1;
      break;
    case PRF:
      opt_prf = 1;
      break;
    case EXPORT:
      opt_export = 1;
      break;
    case ATTRS:
      opt_attrs = 1;
      break;
    case STORE:
      opt_store_deleg = optarg;
      break;
    case RPT:
      opt_replaytest = 1;
      break;
    case CBAT:
      opt_cb_addrtype = atoi(optarg);
      break;
    case KINDS:
      if (strspn(optarg, "WwMAaIi") != strlen(optarg))
        die(RC_USAGE, "bad --kinds");
      opt_kinds = optarg;
      break;
    case XFAIL:
      opt_expect_fail = 1;
      break;
    case SEQ:
      opt_seqtest = 1;
      break;
    case TMO:
      tmo = atoi(optarg);
      break;
    default:
      fputs(USAGE, stderr);
      return RC_USAGE;
    }
  signal(SIGPIPE, SIG_IGN);
  if (conn) {
    alarm(tmo);
    in_fd = out_fd = dial(conn, 0);
    int rc = run();
    drain(in_fd);
    return rc;
  }
  if (lis) {
    int s = dial(lis, 1), rc = 0;
    struct sockaddr_storage ss;
    socklen_t sl = sizeof ss;
    getsockname(s, (void *)&ss, &sl);
    char h[64], p[16];
    getnameinfo((void *)&ss, sl, h, sizeof h, p, sizeof p, NI_NUMERICHOST | NI_NUMERICSERV);
    printf("LISTENING %s:%s\n", h, p);
    fflush(stdout);
    do {
      int fd = accept(s, 0, 0), on = 1;
      if (fd < 0)
        die(RC_IO, "accept: %s", strerror(errno));
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (opt_once) {
        alarm(tmo);
        in_fd = out_fd = fd;
        rc = run();
        drain(fd);
      } else {
        signal(SIGCHLD, SIG_IGN);
        if (fork() == 0) {
          close(s);
          alarm(tmo);
          in_fd = out_fd = fd;
          int r = run();
          drain(fd);
          _exit(r);
        }
        close(fd);
      }
    } while (!opt_once);
    return rc;
  }
  alarm(tmo);
  return run(); /* stdio */
}
