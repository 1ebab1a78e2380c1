// A one-stop system of VNPT's kind: tokens of a Keycloak on another host, pages of Spring, instants in UTC.
// Its defect: a token is said to live 300 seconds, and is refused from its fourth use on.
const http = require("node:http");

const USES = 3;
const SECRET = "igate <&> 'khóa'";
const uses = new Map();

const vietnamese = { 2: "Đang xử lý", 4: "Đã trả kết quả" };
const english = { 2: "Processing", 4: "Returned" };

function dossier(number) {
  const status = number % 2 ? 2 : 4;
  return {
    id: `65f0c0ffee${number}`,
    code: `H21.129-261120-${String(number).padStart(4, "0")}`,
    nationCode: null,
    dossierStatus: { id: status, name: [] },
    dossierTaskStatus: {
      id: "60ebf17309cbf91d41f87f8e",
      name: [
        { languageId: 46, name: english[status] },
        { languageId: 228, name: vietnamese[status] },
      ],
    },
    applicant: { data: { fullname: "Nguyễn Thị Ước", phoneNumber: "+84901000111" } },
    procedure: { code: "1.001612", translate: [{ languageId: 228, name: "Đăng ký hộ kinh doanh" }] },
    appliedDate: "2026-11-18T17:00:00.000+0000",
    appointmentDate: "2026-11-30T17:00:00.000+0000",
    completedDate: null,
    updatedDate: new Date(Date.UTC(2026, 10, 20, 17, number)).toISOString().replace("Z", "+0000"),
  };
}

const dossiers = Array.from({ length: 7 }, (_, index) => dossier(7 - index));

function answer(response, status, value) {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(value));
}

const keycloak = http.createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const form = new URLSearchParams(Buffer.concat(chunks).toString());
  if (request.url !== "/auth/realms/digo/protocol/openid-connect/token" || form.get("client_secret") !== SECRET) {
    return answer(response, 401, { error: "unauthorized_client", error_description: "Invalid client secret" });
  }
  const token = `eyJ.${uses.size + 1}.sig`;
  uses.set(token, 0);
  answer(response, 200, { access_token: token, expires_in: 300, token_type: "Bearer", "not-before-policy": 0 });
});

const igate = http.createServer((request, response) => {
  const token = (request.headers.authorization || "").replace("Bearer ", "");
  if (!uses.has(token) || uses.get(token) >= USES) {
    return answer(response, 401, { error: "invalid_token", error_description: "Access token expired" });
  }
  uses.set(token, uses.get(token) + 1);
  const query = new URL(request.url, "http://igate.invalid").searchParams;
  const [page, size, code] = [Number(query.get("page")), Number(query.get("size")), query.get("code")];
  // It finds whatever holds the code somewhere.
  const found = dossiers.filter((each) => !code || each.code.includes(code));
  const content = found.slice(page * size, (page + 1) * size);
  answer(response, 200, { content, number: page, size, last: (page + 1) * size >= found.length, numberOfElements: content.length });
});

keycloak.listen(0, "127.0.0.1", () => {
  igate.listen(0, "127.0.0.1", () => {
    const address = (server) => `http://127.0.0.1:${server.address().port}`;
    console.log(`${address(igate)} ${address(keycloak)}`);
  });
});
