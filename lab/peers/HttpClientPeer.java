// Apache HttpClient as a client of Digest: qop auth-int wherever a request has a body and the server offers it.
//   httpclient-peer < (user, password, and requests, each a line: METHOD URL, and :BODY in base64 where there is one)
// Each request is answered by a line: the status and the body in base64, or 0 and an error. All of them are made in one context: the
// second one counts on where the first was let in.
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.apache.hc.client5.http.auth.AuthScope;
import org.apache.hc.client5.http.auth.StandardAuthScheme;
import org.apache.hc.client5.http.auth.UsernamePasswordCredentials;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.auth.BasicCredentialsProvider;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.http.io.support.ClassicRequestBuilder;

public final class HttpClientPeer {
    private HttpClientPeer() {}

    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        BasicCredentialsProvider credentials = new BasicCredentialsProvider();
        String user = in.readLine();
        String password = in.readLine();
        credentials.setCredentials(new AuthScope(null, -1), new UsernamePasswordCredentials(user, password.toCharArray()));
        RequestConfig config =
                RequestConfig.custom().setTargetPreferredAuthSchemes(List.of(StandardAuthScheme.DIGEST)).build();
        HttpClientContext context = HttpClientContext.create();
        try (CloseableHttpClient client =
                HttpClients.custom()
                        .setDefaultCredentialsProvider(credentials)
                        .setDefaultRequestConfig(config)
                        .disableAutomaticRetries()
                        .build()) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                System.out.println(answer(client, context, line.split(" ")));
                System.out.flush();
            }
        }
    }

    private static String answer(CloseableHttpClient client, HttpClientContext context, String[] words) {
        ClassicRequestBuilder builder = ClassicRequestBuilder.create(words[0]).setUri(words[1]);
        if (words.length > 2) {
            byte[] body = Base64.getDecoder().decode(words[2].substring(1)); // the colon stands before an empty one too
            builder.setEntity(new ByteArrayEntity(body, ContentType.APPLICATION_OCTET_STREAM));
        }
        ClassicHttpRequest request = builder.build();
        try {
            return client.execute(
                    request,
                    context,
                    response -> {
                        byte[] body = response.getEntity() == null ? new byte[0] : EntityUtils.toByteArray(response.getEntity());
                        return response.getCode() + " " + Base64.getEncoder().encodeToString(body);
                    });
        } catch (IOException error) {
            return "0 " + error;
        }
    }
}
