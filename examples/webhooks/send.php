<?php
// Pushes one event to the hub, signed, and tries again until the hub has it. PHP 7.4 or newer, no extension needed.
//
//     HUB_URL=https://… HUB_AGENCY=… HUB_SECRET=whsec_… php send.php H21.99-261126-0001

declare(strict_types=1);

$url = getenv('HUB_URL') . '/v1/webhooks/' . getenv('HUB_AGENCY');
$secret = getenv('HUB_SECRET');

function sign(string $secret, string $id, int $timestamp, string $body): string
{
    $key = base64_decode(substr($secret, strlen('whsec_')));
    return 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
}

/** The hub's answer, once it has the event. Ends the script where no further try can help. */
function send(string $url, string $secret, string $id, string $body): string
{
    for ($wait = 1; ; $wait = min($wait * 2, 3600)) {
        $timestamp = time(); // Of this try: sign each one anew, under the same id.
        $context = stream_context_create(['http' => [
            'method' => 'POST',
            'header' => [
                'Content-Type: application/json',
                "webhook-id: $id",
                "webhook-timestamp: $timestamp",
                'webhook-signature: ' . sign($secret, $id, $timestamp, $body),
            ],
            'content' => $body,
            'timeout' => 15,
            'follow_location' => 0,
            'ignore_errors' => true, // So that the words of a refusal can be read.
        ]]);
        $http_response_header = [];
        $said = @file_get_contents($url, false, $context);
        $status = (int) (explode(' ', $http_response_header[0] ?? '')[1] ?? 0); // 0: no answer.
        if ($said !== false && $status >= 200 && $status < 300) {
            return $said;
        }
        $why = $status ? "$status $said" : 'no answer';
        if ($status && $status < 500 && $status !== 408 && $status !== 429) {
            fwrite(STDERR, "refused: $why\n"); // It would be refused again: mend it first.
            exit(1);
        }
        $pause = $wait;
        foreach ($http_response_header as $line) {
            if (preg_match('/^retry-after: *(\d+)/i', $line, $asked)) {
                $pause = max($wait, (int) $asked[1]); // Seconds, where the hub asks for some.
            }
        }
        fwrite(STDERR, "not yet ($why); again in $pause s\n");
        sleep($pause);
    }
}

$event = [
    'type' => 'dossier.updated',
    'timestamp' => date(DATE_ATOM),
    'data' => [
        'code' => $argv[1],
        'occurred_at' => date(DATE_ATOM),
        'status' => 'DANG_XU_LY',
        'applicant' => ['name' => 'Nguyễn Thị Ánh'],
        'note' => 'Đã chuyển phòng chuyên môn thẩm định',
    ],
];
// In earnest: make id and body when the change is saved, keep both with it, and send them from there.
echo send($url, $secret, bin2hex(random_bytes(16)), json_encode($event, JSON_UNESCAPED_UNICODE)), "\n";
