// Pushes one event to the hub, signed, and tries again until the hub has it. Java 11 or newer, nothing to install.
//
//     HUB_URL=https://… HUB_AGENCY=… HUB_SECRET=whsec_… java Send.java H21.99-261126-0001

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Send {
    static final URI ADDRESS = URI.create(System.getenv("HUB_URL") + "/v1/webhooks/" + System.getenv("HUB_AGENCY"));
    static final String SECRET = System.getenv("HUB_SECRET");

    static String sign(String secret, String id, long timestamp, byte[] body) throws GeneralSecurityException {
        byte[] key = Base64.getDecoder().decode(secret.substring("whsec_".length()));
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        mac.update((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
        return "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
    }

    /** The hub's answer, once it has the event. Ends the program where no further try can help. */
    static String send(String id, byte[] body) throws Exception {
        HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1) // Else it asks plain HTTP servers to change to HTTP/2 in mid-request.
            .connectTimeout(Duration.ofSeconds(15))
            .build();
        for (long wait = 1; ; wait = Math.min(wait * 2, 3600)) {
            long timestamp = Instant.now().getEpochSecond(); // Of this try: sign each one anew, under the same id.
            HttpRequest request = HttpRequest.newBuilder(ADDRESS)
                .timeout(Duration.ofSeconds(15))
                .header("Content-Type", "application/json")
                .header("webhook-id", id)
                .header("webhook-timestamp", Long.toString(timestamp))
                .header("webhook-signature", sign(SECRET, id, timestamp, body))
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
            long pause = wait;
            String why;
            try {
                HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
                int status = answer.statusCode();
                if (status >= 200 && status < 300) {
                    return answer.body();
                }
                why = status + " " + answer.body();
                if (status < 500 && status != 408 && status != 429) {
                    System.err.println("refused: " + why); // It would be refused again: mend it first.
                    System.exit(1);
                }
                // Seconds, where the hub asks for some.
                pause = Math.max(wait, answer.headers().firstValueAsLong("Retry-After").orElse(0));
            } catch (IOException error) {
                why = error.toString();
            }
            System.err.println("not yet (" + why + "); again in " + pause + " s");
            Thread.sleep(pause * 1000);
        }
    }

    public static void main(String[] arguments) throws Exception {
        Instant now = Instant.now();
        // By hand, to need no library. Take one that writes JSON: names may hold quotes.
        String event = String.join("\n",
            "{",
            "  \"type\": \"dossier.updated\",",
            "  \"timestamp\": \"" + now + "\",",
            "  \"data\": {",
            "    \"code\": \"" + arguments[0] + "\",",
            "    \"occurred_at\": \"" + now + "\",",
            "    \"status\": \"DANG_XU_LY\",",
            "    \"applicant\": {\"name\": \"Nguyễn Thị Ánh\"},",
            "    \"note\": \"Đã chuyển phòng chuyên môn thẩm định\"",
            "  }",
            "}");
        // In earnest: make id and body when the change is saved, keep both with it, and send them from there.
        System.out.println(send(UUID.randomUUID().toString(), event.getBytes(StandardCharsets.UTF_8)));
    }
}
