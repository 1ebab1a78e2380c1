// The contract suite's dossiers, as every server of it tells them.
import { readFileSync } from "node:fs";

const dossiers = JSON.parse(readFileSync(new URL("../dossiers.json", import.meta.url), "utf8"));
const order = (dossier) => [Date.parse(dossier.ngayCapNhat), dossier.maHoSo];
dossiers.sort((a, b) => (order(a) < order(b) ? -1 : 1));

export const found = (code) => dossiers.find((dossier) => dossier.maHoSo === code);

export const since = (from) =>
  dossiers.filter((dossier) => !from || Date.parse(dossier.ngayCapNhat) >= Date.parse(from));

export const page = (rows, number, size) => rows.slice((number - 1) * size, number * size);

export const known = (key) => key === process.env.SUITE_KEY;

/** Listens on a free port and says which. */
export function announce(server) {
  server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
}
