// Pushes one event to the hub, signed, and tries again until the hub has it. Node 18 or newer, nothing to install.
//
//     HUB_URL=https://… HUB_AGENCY=… HUB_SECRET=whsec_… node send.mjs H21.99-261126-0001

import { createHmac, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

const url = `${process.env.HUB_URL}/v1/webhooks/${process.env.HUB_AGENCY}`;
const secret = process.env.HUB_SECRET;

function sign(secret, id, timestamp, body) {
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  return "v1," + createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
}

/** The hub's answer, once it has the event. Throws where no further try can help. */
async function send(id, body) {
  for (let wait = 1; ; wait = Math.min(wait * 2, 3600)) {
    const timestamp = Math.floor(Date.now() / 1000); // Of this try: sign each one anew, under the same id.
    let pause = wait;
    let why;
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "webhook-id": id,
          "webhook-timestamp": String(timestamp),
          "webhook-signature": sign(secret, id, timestamp, body),
        },
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(15_000),
      });
      const said = await answer.text();
      if (answer.ok) return said;
      why = `${answer.status} ${said}`;
      if (answer.status < 500 && answer.status !== 408 && answer.status !== 429) {
        console.error(`refused: ${why}`); // It would be refused again: mend it first.
        process.exit(1);
      }
      pause = Math.max(wait, Number(answer.headers.get("retry-after"))); // Seconds, where the hub asks for some.
    } catch (error) {
      why = error.cause?.message ?? error.message;
    }
    console.error(`not yet (${why}); again in ${pause} s`);
    await sleep(pause * 1000);
  }
}

const event = {
  type: "dossier.updated",
  timestamp: new Date().toISOString(),
  data: {
    code: process.argv[2],
    occurred_at: new Date().toISOString(),
    status: "DANG_XU_LY",
    applicant: { name: "Nguyễn Thị Ánh" },
    note: "Đã chuyển phòng chuyên môn thẩm định",
  },
};
// In earnest: make id and body when the change is saved, keep both with it, and send them from there.
console.log(await send(randomUUID(), Buffer.from(JSON.stringify(event), "utf8")));
