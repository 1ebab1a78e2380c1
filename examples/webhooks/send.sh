#!/bin/sh
# Pushes one event to the hub, signed, and tries again until the hub has it. Needs curl and openssl.
#
#     HUB_URL=https://… HUB_AGENCY=… HUB_SECRET=whsec_… sh send.sh H21.99-261126-0001
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
# In earnest: make id and body when the change is saved, keep both with it, and send them from there.
id=$(openssl rand -hex 16)
cat > "$work/body" <<EVENT
{
  "type": "dossier.updated",
  "timestamp": "$now",
  "data": {
    "code": "$1",
    "occurred_at": "$now",
    "status": "DANG_XU_LY",
    "applicant": {"name": "Nguyễn Thị Ánh"},
    "note": "Đã chuyển phòng chuyên môn thẩm định"
  }
}
EVENT

# openssl takes the key as hexadecimal digits.
key=$(printf %s "${HUB_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
wait=1
while :; do
    timestamp=$(date +%s) # Of this try: sign each one anew, under the same id.
    signature=$({ printf '%s.%s.' "$id" "$timestamp"; cat "$work/body"; } |
        openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
    status=$(curl --silent --max-time 15 --output "$work/answer" --dump-header "$work/head" --write-out '%{http_code}' \
        --header "Content-Type: application/json" \
        --header "webhook-id: $id" \
        --header "webhook-timestamp: $timestamp" \
        --header "webhook-signature: v1,$signature" \
        --data-binary "@$work/body" \
        "$HUB_URL/v1/webhooks/$HUB_AGENCY") || status=000 # 000: no answer.
    case $status in
    2??)
        cat "$work/answer"
        echo
        exit
        ;;
    000 | 408 | 429 | 5??)
        # Seconds, where the hub asks for some.
        asked=$(sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9][0-9]*\).*/\1/p' "$work/head")
        pause=$((${asked:-0} > wait ? asked : wait))
        echo "not yet ($status); again in $pause s" >&2
        sleep "$pause"
        wait=$((wait * 2 < 3600 ? wait * 2 : 3600))
        ;;
    *)
        echo "refused: $status $(cat "$work/answer")" >&2 # It would be refused again: mend it first.
        exit 1
        ;;
    esac
done
