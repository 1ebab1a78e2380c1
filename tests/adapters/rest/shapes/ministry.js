// A ministry's share service: one key in three places, days as dd/MM/yyyy, its errors as numbers below zero in a 200.
// Its defects: text/html, a misspelled field, codes of its own for the way a dossier came.
const http = require("node:http");

const KEY = "khoa/cua+bo=1";

const rows = [
  { MaHoSo: "G12-2026-000017", MaTTHC: "1.002798", TrangThaiHoSo: 4, TenTrangThaiHoSo: "Đang xử lý", KenhThucHien: "1",
    ChuHoSo: "Lê Văn Đường", EmaiNguoiNop: "duong@example.vn", NgayTiepNhan: "20/11/2026 08:15:00", NgayHenTra: "", ThoiDiem: "20/11/2026 09:00:01" },
  { MaHoSo: "G12-2026-000018", MaTTHC: "1.002798", TrangThaiHoSo: "9", TenTrangThaiHoSo: "Đã xử lý", KenhThucHien: "0",
    ChuHoSo: "Công ty Đèo Mang Yang", EmaiNguoiNop: null, NgayTiepNhan: "22/11/2026 10:00:00 ", NgayHenTra: "01/12/2026 17:00:00", ThoiDiem: "22/11/2026 10:00:00" },
];

const words = {
  "-300": "Mã đơn vị rỗng", "-301": "ApiKey rỗng", "-302": "ApiKey sai", "-303": "Mã đơn vị sai", "-304": "ApiKey lỗi",
};

function wrong(headers, query) {
  const shown = query.get("APIKey");
  if (!query.get("GovAgencyCode")) return -300;
  if (!shown) return -301;
  if (shown !== KEY) return -302;
  if (query.get("GovAgencyCode") !== "H21") return -303;
  return headers.apikey === KEY && headers.authorization === `Bearer ${KEY}` ? 0 : -304;
}

function day(text) {
  const parts = /^(\d\d)\/(\d\d)\/(\d{4})$/.exec(text || "");
  return parts ? `${parts[3]}${parts[2]}${parts[1]}` : null;
}

http
  .createServer((request, response) => {
    const query = new URL(request.url, "http://bo.invalid").searchParams;
    response.writeHead(200, { "Content-Type": "text/html" });
    const code = wrong(request.headers, query);
    if (code) return response.end(JSON.stringify({ error_code: code, message: words[code], result: null }));
    const [from, to] = [day(query.get("ReceiveFromDate")), day(query.get("ReceiveToDate"))];
    const result = rows.filter((row) => {
      const received = day(row.NgayTiepNhan.slice(0, 10));
      return (!from || received >= from) && (!to || received <= to);
    });
    // None is null, and one is no list.
    const shaped = result.length > 1 ? result : (result[0] ?? null);
    response.end("\ufeff" + JSON.stringify({ error_code: 0, message: "", result: shaped }));
  })
  .listen(0, "127.0.0.1", function () {
    console.log(`http://127.0.0.1:${this.address().port}`);
  });
