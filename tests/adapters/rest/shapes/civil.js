// Civil status over the province's service bus: a bearer token, and a second one that is JSON in base64.
// Its defects: always 200, errors in free text of any case and spacing, the dossier as XML within the JSON.
const http = require("node:http");

const ACCESS = { AccessKey: "ak", SecretKey: "khóa bí mật", AppName: "hub", PartnerCode: "GLI", PartnerCodeCus: "GLI" };
const tokens = new Set();

const hoso = (code) =>
  `<?xml version="1.0" encoding="utf-16"?><hotich><hoso><maHoSoMCDT>${code}</maHoSoMCDT><trangThai>Đã tiếp nhận</trangThai>` +
  "<ngayTiepNhan>20/11/2026 </ngayTiepNhan><capNhat>2026-11-20 09:30:00</capNhat><nguoiYeuCau>A &amp; B</nguoiYeuCau></hoso></hotich>";

const said = {
  "H21.30-261120-0001": (code) => ({ status: 200, title: "Thành công", data: hoso(code) }),
  "H21.30-261120-0002": () => "Client received SOAP  Fault from server: java.net.SocketTimeoutException",
  "H21.30-261120-0003": () => "LOGIC XỬ LÝ không hợp lệ",
};

function answer(response, value) {
  response.writeHead(200, { "Content-Type": "application/json" });
  response.end(JSON.stringify(value));
}

function known(headers) {
  if (!tokens.delete((headers.authorization || "").replace("Bearer ", ""))) return false;
  try {
    const shown = JSON.parse(Buffer.from(headers.lgspaccesstoken, "base64").toString());
    return JSON.stringify(shown) === JSON.stringify(ACCESS);
  } catch {
    return false;
  }
}

http
  .createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    if (request.url === "/token") {
      const basic = "Basic " + Buffer.from("hub:khoa-lgsp").toString("base64");
      if (request.headers.authorization !== basic || body !== "grant_type=client_credentials") {
        return answer(response, { error: "invalid_client" });
      }
      const token = `lgsp-${Math.random()}`;
      tokens.add(token);
      return answer(response, { access_token: token, token_type: "Bearer", expires_in: 3600 });
    }
    if (!known(request.headers)) {
      response.writeHead(401);
      return response.end("<ams:fault xmlns:ams='http://wso2.org/apimanager/security'><ams:code>900901</ams:code></ams:fault>");
    }
    const input = JSON.parse(body);
    const words = (said[input.maHoSo] || (() => "Hồ  sơ KHÔNG tồn tại trong hệ thống"))(input.maHoSo);
    if (typeof words === "object") return answer(response, words);
    answer(response, { title: "Có lỗi xảy ra.", errors: words, status: 500, inputSend: { ...input, ngayTiepNhan: "12/08/2025 " } });
  })
  .listen(0, "127.0.0.1", function () {
    console.log(`http://127.0.0.1:${this.address().port}`);
  });
