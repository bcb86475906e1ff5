// Java's Kerberos as a client: logs on with a password, then establishes a context with a service of a keytab, both in this
// process, and protects a message each way.
//   jgss-peer USER SERVICE@HOST PRINCIPAL-OF-SERVICE KEYTAB < password
// Prints the names that both sides see, the flags of the ticket, and the encryption type of its session key.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.PrivilegedExceptionAction;
import java.util.HashMap;
import java.util.Map;
import javax.security.auth.Subject;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import javax.security.auth.callback.NameCallback;
import javax.security.auth.callback.PasswordCallback;
import javax.security.auth.kerberos.KerberosTicket;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.Configuration;
import javax.security.auth.login.LoginContext;
import org.ietf.jgss.GSSContext;
import org.ietf.jgss.GSSCredential;
import org.ietf.jgss.GSSManager;
import org.ietf.jgss.GSSName;
import org.ietf.jgss.MessageProp;
import org.ietf.jgss.Oid;

public class JgssPeer {
    static Subject logOn(Map<String, String> options, CallbackHandler handler) throws Exception {
        Configuration configuration = new Configuration() {
            @Override
            public AppConfigurationEntry[] getAppConfigurationEntry(String name) {
                return new AppConfigurationEntry[] {
                    new AppConfigurationEntry("com.sun.security.auth.module.Krb5LoginModule",
                        AppConfigurationEntry.LoginModuleControlFlag.REQUIRED, options)
                };
            }
        };
        Subject subject = new Subject();
        new LoginContext("jgss-peer", subject, handler, configuration).login();
        return subject;
    }

    static CallbackHandler answers(String user, String password) {
        return callbacks -> {
            for (Callback callback : callbacks) {
                if (callback instanceof NameCallback name) name.setName(user);
                if (callback instanceof PasswordCallback secret) secret.setPassword(password.toCharArray());
            }
        };
    }

    static GSSCredential credential(Subject subject, Oid mechanism, int usage) throws Exception {
        GSSManager manager = GSSManager.getInstance();
        PrivilegedExceptionAction<GSSCredential> acquire =
            () -> manager.createCredential(null, GSSCredential.DEFAULT_LIFETIME, mechanism, usage);
        return Subject.doAs(subject, acquire);
    }

    public static void main(String[] args) throws Exception {
        String password = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
        Subject client = logOn(new HashMap<>(), answers(args[0], password));
        KerberosTicket ticket = client.getPrivateCredentials(KerberosTicket.class).iterator().next();
        System.out.println("client " + ticket.getClient() + " server " + ticket.getServer()
            + " etype " + ticket.getSessionKeyType() + " forwardable " + ticket.isForwardable());

        Map<String, String> ofService = new HashMap<>();
        ofService.put("principal", args[2]);
        ofService.put("useKeyTab", "true");
        ofService.put("keyTab", args[3]);
        ofService.put("storeKey", "true");
        ofService.put("isInitiator", "false");
        Subject service = logOn(ofService, null);

        GSSManager manager = GSSManager.getInstance();
        Oid kerberos = new Oid("1.2.840.113554.1.2.2");
        GSSName target = manager.createName(args[1], GSSName.NT_HOSTBASED_SERVICE);
        GSSCredential initiates = credential(client, kerberos, GSSCredential.INITIATE_ONLY);
        GSSContext initiator = manager.createContext(target, kerberos, initiates, GSSContext.DEFAULT_LIFETIME);
        GSSContext acceptor = manager.createContext(credential(service, kerberos, GSSCredential.ACCEPT_ONLY));
        initiator.requestMutualAuth(true);
        initiator.requestConf(true);
        byte[] token = new byte[0];
        while (!initiator.isEstablished()) {
            token = initiator.initSecContext(token, 0, token.length);
            if (!acceptor.isEstablished()) token = acceptor.acceptSecContext(token, 0, token.length);
        }
        System.out.println("initiator " + acceptor.getSrcName() + " acceptor " + initiator.getTargName());
        byte[] message = "between two ends".getBytes(StandardCharsets.UTF_8);
        byte[] sealed = initiator.wrap(message, 0, message.length, new MessageProp(0, true));
        byte[] opened = acceptor.unwrap(sealed, 0, sealed.length, new MessageProp(0, true));
        System.out.println(new String(opened, StandardCharsets.UTF_8));
    }
}
