// The contract suite's service on npm's soap: /document and /rpc.
import { readFileSync } from "node:fs";
import http from "node:http";
import soap from "soap";
import { announce, found, known, page, since } from "./dossiers.js";

const wsdl = (name) => readFileSync(new URL(`../documents/${name}.wsdl`, import.meta.url), "utf8");

function check({ khoa }) {
  const key = khoa?.$value ?? khoa;
  if (!known(key)) {
    throw { Fault: { faultcode: "soap:Client", faultstring: "Khóa truy cập không đúng" } };
  }
}

// Nothing is said by leaving the element out; null by xsi:nil.
const written = (dossier) =>
  Object.fromEntries(
    Object.entries(dossier).map(([name, value]) => [
      name,
      value === null ? { attributes: { "xsi:nil": "true" } } : value,
    ]),
  );

const text = (value) => value?.$value ?? value;

const list = (asked) => {
  check(asked);
  const rows = since(text(asked.tuNgay));
  return { rows, shown: page(rows, Number(text(asked.trang)), Number(text(asked.soDong))).map(written) };
};

const document = {
  TraCuuHoSo(asked) {
    check(asked);
    const dossier = found(asked.maHoSo);
    return dossier ? { hoSo: written(dossier) } : {};
  },
  DanhSachHoSo(asked) {
    const { rows, shown } = list(asked);
    return { tongSo: rows.length, hoSo: shown };
  },
};

const rpc = {
  TraCuuHoSo(asked) {
    check(asked);
    const dossier = found(text(asked.maHoSo));
    return dossier ? { hoSo: written(dossier) } : {};
  },
  DanhSachHoSo(asked) {
    return { danhSach: { hoSo: list(asked).shown } };
  },
};

const server = http.createServer((_request, response) => response.writeHead(404).end());
soap.listen(server, "/document", { HoSoService: { HoSoPort: document } }, wsdl("suite-document"));
soap.listen(server, "/rpc", { HoSoService: { HoSoPort: rpc } }, wsdl("suite-rpc-literal"));
announce(server);
