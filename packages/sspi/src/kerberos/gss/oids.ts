/** The mechanism's object identifier, RFC 4121 section 1: what every token names. */
export const KERBEROS_OID = '1.2.840.113554.1.2.2'
/** What Windows 2000 made of it by a slip; Windows offers it in negotiations to this day, before the right one. */
export const MICROSOFT_KERBEROS_OID = '1.2.840.48018.1.2.2'
