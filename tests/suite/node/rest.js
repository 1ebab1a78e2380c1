// The contract suite's service on Node's plain http: JSON behind a key in a header.
import http from "node:http";
import { announce, found, known, page, since } from "./dossiers.js";

function answer(response, status, value) {
  response.writeHead(status, { "Content-Type": "application/json; charset=utf-8" });
  response.end(JSON.stringify(value));
}

const server = http.createServer((request, response) => {
  const url = new URL(request.url, "http://suite.invalid");
  if (!known(request.headers["x-khoa"])) {
    return answer(response, 403, { loi: "Khóa truy cập không đúng" });
  }
  if (url.pathname === "/ho-so") {
    const rows = since(url.searchParams.get("tuNgay"));
    const shown = page(rows, Number(url.searchParams.get("trang")), Number(url.searchParams.get("soDong")));
    return answer(response, 200, { d: { tongSo: rows.length, results: shown } });
  }
  const dossier = found(decodeURIComponent(url.pathname.replace("/ho-so/", "")));
  return dossier ? answer(response, 200, { d: dossier }) : answer(response, 404, { loi: "Không có hồ sơ này" });
});
announce(server);
