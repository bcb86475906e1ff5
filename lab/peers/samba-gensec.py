"""Samba's client library as the initiator of a security context, one token a line in hexadecimal.

The password comes first, on the first line of the standard input. SMB_CONF is a folder's smb.conf, USER_NAME and REALM say who logs on,
TARGET is service/host, MECH is GENSEC's name of the mechanism. The last line is `done <user data encrypted by gensec>`.
"""

import binascii
import os
import sys

from samba import gensec, param
from samba.credentials import MUST_USE_KERBEROS, Credentials


def main():
    lp = param.LoadParm()
    lp.load(os.environ["SMB_CONF"])
    creds = Credentials()
    creds.guess(lp)
    creds.set_realm(os.environ["REALM"])
    creds.set_domain(os.environ["REALM"].split(".")[0])
    creds.set_username(os.environ["USER_NAME"])
    creds.set_password(sys.stdin.readline().rstrip("\n"))
    creds.set_kerberos_state(MUST_USE_KERBEROS)
    service, host = os.environ["TARGET"].split("/")
    client = gensec.Security.start_client({"target_hostname": host, "lp_ctx": lp})
    client.set_credentials(creds)
    client.set_target_service(service)
    client.set_target_hostname(host)
    client.want_feature(gensec.FEATURE_SIGN)
    client.want_feature(gensec.FEATURE_SEAL)
    client.start_mech_by_name(os.environ["MECH"])
    received = b""
    while True:
        done, token = client.update(received)
        if token:
            print("token", binascii.hexlify(token).decode(), flush=True)
        if done:
            break
        received = binascii.unhexlify(sys.stdin.readline().strip())
    print("done", binascii.hexlify(client.wrap(b"from Samba")).decode(), flush=True)


main()
