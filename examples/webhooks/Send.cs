// Pushes one event to the hub, signed, and tries again until the hub has it. .NET, or .NET Framework 4.5 or newer.
//
//     HUB_URL=https://… HUB_AGENCY=… HUB_SECRET=whsec_… Send.exe H21.99-261126-0001

using System;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Tasks;

static class Send
{
    static readonly string Address = Environment.GetEnvironmentVariable("HUB_URL")
        + "/v1/webhooks/" + Environment.GetEnvironmentVariable("HUB_AGENCY");
    static readonly string Secret = Environment.GetEnvironmentVariable("HUB_SECRET");
    static readonly HttpClient Client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false })
    {
        Timeout = TimeSpan.FromSeconds(15),
    };

    static string Sign(string secret, string id, long timestamp, byte[] body)
    {
        byte[] head = Encoding.UTF8.GetBytes(id + "." + timestamp + ".");
        byte[] signed = new byte[head.Length + body.Length];
        head.CopyTo(signed, 0);
        body.CopyTo(signed, head.Length);
        using (var mac = new HMACSHA256(Convert.FromBase64String(secret.Substring("whsec_".Length))))
        {
            return "v1," + Convert.ToBase64String(mac.ComputeHash(signed));
        }
    }

    /// <summary>The hub's answer, once it has the event. Ends the program where no further try can help.</summary>
    static async Task<string> Push(string id, byte[] body)
    {
        for (int wait = 1; ; wait = Math.Min(wait * 2, 3600))
        {
            // Of this try: sign each one anew, under the same id.
            long timestamp = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
            double pause = wait;
            string why;
            using (var request = new HttpRequestMessage(HttpMethod.Post, Address))
            {
                request.Content = new ByteArrayContent(body);
                request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
                request.Headers.Add("webhook-id", id);
                request.Headers.Add("webhook-timestamp", timestamp.ToString());
                request.Headers.Add("webhook-signature", Sign(Secret, id, timestamp, body));
                try
                {
                    using (HttpResponseMessage answer = await Client.SendAsync(request))
                    {
                        int status = (int)answer.StatusCode;
                        string said = await answer.Content.ReadAsStringAsync();
                        if (answer.IsSuccessStatusCode)
                        {
                            return said;
                        }
                        why = status + " " + said;
                        if (status < 500 && status != 408 && status != 429)
                        {
                            // It would be refused again: mend it first.
                            Console.Error.WriteLine("refused: " + why);
                            Environment.Exit(1);
                        }
                        if (answer.Headers.RetryAfter != null && answer.Headers.RetryAfter.Delta != null)
                        {
                            pause = Math.Max(wait, answer.Headers.RetryAfter.Delta.Value.TotalSeconds);
                        }
                    }
                }
                catch (HttpRequestException error)
                {
                    why = error.Message;
                }
                catch (TaskCanceledException)
                {
                    why = "no answer in time";
                }
            }
            Console.Error.WriteLine("not yet (" + why + "); again in " + pause + " s");
            await Task.Delay(TimeSpan.FromSeconds(pause));
        }
    }

    static void Main(string[] arguments)
    {
        string now = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ");
        // By hand, to need no library. Take one that writes JSON: names may hold quotes.
        string body = string.Join("\n",
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
        Console.WriteLine(Push(Guid.NewGuid().ToString(), Encoding.UTF8.GetBytes(body)).GetAwaiter().GetResult());
    }
}
