/** What is done with a relation of krb5.conf. */
export type Relation =
  | {
      readonly status: 'honoured'
      /** The field of `KerberosConfig` (in `[realms]` of `RealmConfig`) that it is read into. */
      readonly field: string
      /** What stands without it, in words. */
      readonly default: string
      /** What it does, as far as that is not krb5.conf(5) to the letter. */
      readonly note?: string
    }
  /** It has no effect, and a warning says so. */
  | { readonly status: 'ignored'; readonly why: string }
  /** The configuration is not used at all: to pass over it would weaken what it asks for. */
  | {
      readonly status: 'refused'
      readonly why: string
      /** A boolean value under which nothing is lost, and which is let pass. */
      readonly unless?: boolean
    }

/** The sections whose relations are known by name. */
export type RelationSection = 'libdefaults' | 'realms'

const honoured = (field: string, standard: string, note?: string): Relation => ({
  status: 'honoured',
  field,
  default: standard,
  ...(note === undefined ? {} : { note }),
})
const ignored = (why: string): Relation => ({ status: 'ignored', why })

const OBSOLETE = 'obsolete: MIT krb5 itself takes no notice of it or advises against it'
const NATIVE = 'for plug-ins of the C libraries'
const PKINIT = 'certificates and anchors for PKINIT are given with the credential, not in the file'
const LOCAL = 'a client is known by its principal; which account that is, the application says'
const CRL: Relation = {
  status: 'refused',
  why: 'revocation lists are not checked, and it asks to fail without that check',
  unless: false,
}

/**
 * What is done with each relation of krb5.conf(5), by section: `docs/krb5-conf.md` is this table. Relations that are in
 * neither get a warning, too.
 */
export const RELATIONS: Readonly<Record<RelationSection, Readonly<Record<string, Relation>>>> = {
  libdefaults: {
    allow_des3: honoured('insecureAllowDes3', 'false'),
    allow_rc4: honoured('insecureAllowRc4', 'false'),
    allow_weak_crypto: honoured(
      'insecureAllowRc4, insecureAllowDes3',
      'false',
      'allows RC4 and triple DES where they are listed; single DES does not exist here',
    ),
    canonicalize: honoured('canonicalize', 'false'),
    ccache_type: ignored(OBSOLETE),
    client_aware_channel_bindings: honoured('clientAwareChannelBindings', 'false'),
    clockskew: honoured('clockSkewSeconds', '300 s'),
    default_ccache_name: honoured('defaultCcacheName', 'FILE:/tmp/krb5cc_%{uid}'),
    default_client_keytab_name: honoured(
      'defaultClientKeytabName',
      'FILE:/etc/krb5/user/%{euid}/client.keytab',
      "as MIT's of Debian and Ubuntu; Fedora's has FILE:/var/kerberos/krb5/user/%{euid}/client.keytab",
    ),
    default_keytab_name: honoured('defaultKeytabName', 'FILE:/etc/krb5.keytab'),
    default_rcache_name: ignored('the replay cache is given by the program'),
    default_realm: honoured('defaultRealm', 'none'),
    default_tgs_enctypes: honoured('tgsEnctypes', 'permitted_enctypes', 'types that are not permitted fall out'),
    default_tkt_enctypes: honoured('tktEnctypes', 'permitted_enctypes', 'types that are not permitted fall out'),
    dns_canonicalize_hostname: honoured(
      'dnsCanonicalizeHostname',
      'false',
      "true, false or fallback; MIT's default is true, which lets whoever answers DNS choose the service",
    ),
    dns_fallback: ignored(OBSOLETE),
    dns_lookup_kdc: honoured('dnsLookupKdc', 'true'),
    dns_lookup_realm: honoured(
      'dnsLookupRealm',
      'false',
      'for hosts that neither domain_realm nor the KDC knows; not for the default realm; whoever answers DNS chooses the realm',
    ),
    dns_uri_lookup: ignored('KDCs are looked up by SRV records only'),
    enforce_ok_as_delegate: honoured('enforceOkAsDelegate', 'false'),
    err_fmt: ignored('the messages are our own'),
    extra_addresses: ignored('tickets are asked for without addresses'),
    forwardable: honoured('forwardable', 'false'),
    ignore_acceptor_hostname: honoured('ignoreAcceptorHostname', 'false'),
    k5login_authoritative: ignored(LOCAL),
    k5login_directory: ignored(LOCAL),
    kcm_mach_service: ignored('Mach ports cannot be reached'),
    kcm_socket: honoured('kcmSocket', '/var/run/.heim_org.h5l.kcm-socket', 'a path, or - for none'),
    kdc_default_options: ignored('the options of a request are set one by one'),
    kdc_timesync: honoured('kdcTimesync', 'true', 'a number other than 0 is true'),
    noaddresses: ignored('tickets are asked for without addresses'),
    permitted_enctypes: honoured(
      'permittedEnctypes',
      'aes256-sha2 aes128-sha2 aes256-sha1 aes128-sha1',
      "this is DEFAULT in lists, too; MIT's also has des3, rc4 and camellia",
    ),
    pkinit_require_crl_checking: CRL,
    plugin_base_dir: ignored(NATIVE),
    preferred_preauth_types: honoured('preferredPreauthTypes', '17, 16, 15, 14'),
    proxiable: honoured('proxiable', 'false'),
    qualify_shortname: honoured('qualifyShortname', 'none', 'used only where names are not looked up in DNS'),
    rdns: honoured('rdns', 'false', "only with dns_canonicalize_hostname; MIT's default is true"),
    realm_try_domains: ignored('realms are not guessed from the parts of a host name'),
    renew_lifetime: honoured('renewLifetimeSeconds', '0 s'),
    request_timeout: honoured('requestTimeoutSeconds', '30 s', 'for one request to all KDCs; 0 is the default'),
    safe_checksum_type: ignored(OBSOLETE),
    ap_req_checksum_type: ignored(OBSOLETE),
    kdc_req_checksum_type: ignored(OBSOLETE),
    spake_preauth_groups: honoured('spakePreauthGroups', 'edwards25519'),
    spake_preauth_indicator: ignored('for KDCs'),
    spake_preauth_kdc_challenge: ignored('for KDCs'),
    ticket_lifetime: honoured('ticketLifetimeSeconds', '86400 s'),
    udp_preference_limit: honoured('udpPreferenceLimitBytes', '1465 bytes', 'longer requests go over TCP first'),
    verify_ap_req_nofail: honoured('verifyApReqNofail', 'false'),
  },
  realms: {
    admin_server: honoured('adminServers', 'none', 'its host also changes passwords where kpasswd_server is missing'),
    auth_to_local: ignored(LOCAL),
    auth_to_local_names: ignored(LOCAL),
    default_domain: ignored('for Kerberos 4'),
    disable_encrypted_timestamp: honoured('disableEncryptedTimestamp', 'false'),
    http_anchors: honoured('httpAnchors', 'the authorities that come with Node.js', 'FILE: and DIR:'),
    kdc: honoured('kdcs', 'none: DNS', 'host, host:port, [address]:port, tcp/host, udp/host, or https://host/path'),
    kpasswd_server: honoured('kpasswdServers', 'none: admin_server, DNS', 'as kdc'),
    master_kdc: honoured('primaryKdcs', 'none', 'the older name of primary_kdc'),
    max_life: ignored('for KDCs'),
    pkinit_anchors: ignored(PKINIT),
    pkinit_cert_match: ignored(PKINIT),
    pkinit_eku_checking: ignored(PKINIT),
    pkinit_identities: ignored(PKINIT),
    pkinit_kdc_hostname: ignored(PKINIT),
    pkinit_pool: ignored(PKINIT),
    pkinit_require_crl_checking: CRL,
    pkinit_revoke: ignored(PKINIT),
    primary_kdc: honoured('primaryKdcs', 'none'),
    sitename: ignored('sites are looked up by the URI records that are not used here'),
    v4_instance_convert: ignored('for Kerberos 4'),
    v4_realm: ignored('for Kerberos 4'),
  },
}

/** What is done with each section; those that are not here get a warning. */
export const SECTIONS: Readonly<Record<string, Relation>> = {
  libdefaults: honoured('see below', 'none'),
  realms: honoured('realms', 'none'),
  domain_realm: honoured('domainRealm', 'none', 'hosts, and domains with a dot before them'),
  capaths: honoured('capaths', 'none'),
  appdefaults: ignored('for single programs of the C distributions'),
  dbdefaults: ignored('for KDCs'),
  dbmodules: ignored('for KDCs'),
  kdc: ignored('for KDCs'),
  kdcdefaults: ignored('for KDCs'),
  logging: ignored('for KDCs'),
  login: ignored('for single programs of the C distributions'),
  plugins: ignored(NATIVE),
}
