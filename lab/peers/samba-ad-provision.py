#!/usr/bin/python3
"""Makes the domain AD.TEST with its accounts and keytabs: samba-ad-provision.py SMB_CONF ADDRESS PASSWORD KEYTABS

samba-tool would take a second for every account, so everything is done in one process, before the daemon starts.
"""

import logging
import sys

import ldb
import samba.dckeytab  # gives Net its export_keytab
from samba import dsdb
from samba.auth import system_session
from samba.dcerpc import security
from samba.ndr import ndr_pack, ndr_unpack
from samba.net import Net
from samba.param import LoadParm
from samba.provision import FILL_FULL, provision
from samba.samdb import SamDB

CONF, ADDRESS, PASSWORD, KEYTABS = sys.argv[1:5]
RC4, AES128, AES256 = 0x04, 0x08, 0x10
ALL_TYPES = RC4 | AES128 | AES256

lp = LoadParm()
lp.load(CONF)
# The ACLs of sysvol are left out: nothing here reads group policies, and the file systems of containers refuse them.
provision(
    logging.getLogger(),
    system_session(lp),
    smbconf=CONF,
    lp=lp,
    samdb_fill=FILL_FULL,
    realm="AD.TEST",
    domain="AD",
    hostname="dc1",
    hostip=ADDRESS,
    adminpass=PASSWORD,
    dns_backend="SAMBA_INTERNAL",
    serverrole="active directory domain controller",
    dom_for_fun_level=dsdb.DS_DOMAIN_FUNCTION_2008_R2,
    skip_sysvolacl=True,
)

db = SamDB(session_info=system_session(lp), lp=lp)
base = str(db.domain_dn())


def find(name, attribute):
    return db.search(base, expression="(sAMAccountName=%s)" % name, attrs=[attribute])[0]


def modify(name, flag=ldb.FLAG_MOD_REPLACE, **values):
    message = ldb.Message()
    message.dn = ldb.Dn(db, name if "=" in name else str(find(name, "dn").dn))
    for attribute, value in values.items():
        attribute = attribute.replace("_", "-")
        message[attribute] = ldb.MessageElement(value, flag, attribute)
    db.modify(message)


def control(name, add=0, clear=0):
    current = int(find(name, "userAccountControl")["userAccountControl"][0])
    modify(name, userAccountControl=str((current | add) & ~clear))


def set_password(name, password=PASSWORD):
    db.setpassword("(sAMAccountName=%s)" % name, password, force_change_at_next_login=False)


def user(name, spns=(), types=None, password=PASSWORD):
    db.newuser(name, password)
    if spns:
        modify(name, servicePrincipalName=list(spns))
    if types is not None:
        modify(name, msDS_SupportedEncryptionTypes=str(types))
        set_password(name, password)  # the keys are made of the types that are allowed now


db.transaction_start()
modify(
    base,
    minPwdAge="0",
    maxPwdAge="-9223372036854775808",
    pwdProperties="0",
    minPwdLength="1",
    lockoutThreshold="0",
    pwdHistoryLength="0",
)
db.transaction_commit()

user("alice")
user("bob")
user("changer")
user("utf8user", password="P\u00e4ssw\u00f6rd-\u20ac1")
user("nopreauth")
control("nopreauth", add=dsdb.UF_DONT_REQUIRE_PREAUTH)
user("disabled")
control("disabled", add=dsdb.UF_ACCOUNTDISABLE)
user("mustchange")
modify("mustchange", pwdLastSet="0")
user("expired")
modify("expired", accountExpires="131000000000000000")
user("protected")
control("protected", add=dsdb.UF_NOT_DELEGATED)

user("svc-http", ["HTTP/web.ad.test", "HTTP/web", "HTTP/localhost"], ALL_TYPES)
user("svc-aes256", ["aes256/web.ad.test"], AES256)
user("svc-aes128", ["aes128/web.ad.test"], AES128)
user("svc-rc4", ["rc4/web.ad.test"], RC4)
user("svc-uncon", ["uncon/web.ad.test"], ALL_TYPES)
control("svc-uncon", add=dsdb.UF_TRUSTED_FOR_DELEGATION)
# constrained delegation to HTTP/web.ad.test, with protocol transition and without
user("svc-s4u", ["s4u/web.ad.test"], ALL_TYPES)
control("svc-s4u", add=dsdb.UF_TRUSTED_TO_AUTHENTICATE_FOR_DELEGATION)
modify("svc-s4u", msDS_AllowedToDelegateTo=["HTTP/web.ad.test"])
user("svc-kcd", ["kcd/web.ad.test"], ALL_TYPES)
modify("svc-kcd", msDS_AllowedToDelegateTo=["HTTP/web.ad.test"])
# resource-based: the one behind lets the one in front act for others
user("svc-rbcd-front", ["front/web.ad.test"], ALL_TYPES)
user("svc-rbcd-back", ["back/web.ad.test"], ALL_TYPES)
front = ndr_unpack(security.dom_sid, find("svc-rbcd-front", "objectSid")["objectSid"][0])
allowed = security.descriptor.from_sddl("O:BAD:(A;;0xf01ff;;;%s)" % front, security.dom_sid(db.get_domain_sid()))
modify("svc-rbcd-back", msDS_AllowedToActOnBehalfOfOtherIdentity=ndr_pack(allowed))

db.newcomputer("SRV1")
set_password("SRV1$")
control("SRV1$", clear=dsdb.UF_ACCOUNTDISABLE)
modify(
    "SRV1$",
    dNSHostName="srv1.ad.test",
    servicePrincipalName=["HOST/srv1.ad.test", "HOST/SRV1"]
    + [service + "/srv1.ad.test" for service in ("cifs", "TERMSRV", "WSMAN", "ldap")],
    msDS_SupportedEncryptionTypes=str(ALL_TYPES),
)
set_password("SRV1$")
# The DC registers its names when it updates the DNS, which it does not here.
modify(
    "DC1$",
    ldb.FLAG_MOD_ADD,
    servicePrincipalName=["ldap/dc1.ad.test", "ldap/DC1", "ldap/dc1.ad.test/ad.test", "GC/dc1.ad.test/ad.test"]
    + ["HOST/dc1.ad.test/ad.test", "RestrictedKrbHost/dc1.ad.test", "RestrictedKrbHost/DC1"]
    + ["ldap/" + ADDRESS, "cifs/" + ADDRESS],
)

# all.keytab has every account, krbtgt among them, so that the KDC's signatures in a PAC can be checked too
net = Net(None, lp)
net.export_keytab(keytab=KEYTABS + "/all.keytab")
for host, services in {
    "web.ad.test": ("HTTP", "aes256", "aes128", "rc4", "uncon", "s4u", "kcd", "front", "back"),
    "srv1.ad.test": ("HOST", "cifs", "TERMSRV", "ldap"),
    "localhost": ("HTTP",),
}.items():
    for service in services:
        net.export_keytab(keytab=KEYTABS + "/spn.keytab", principal=service + "/" + host)
