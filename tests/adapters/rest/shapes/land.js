// The land office's system: a form of model[…] fields, a security code in its body, dates of .NET.
// Its defects: always 200, JSON that calls itself a web page in windows-1258 and is UTF-8, and a wrong code is quoted.
const http = require("node:http");

const CODE = "mã & bảo mật";

const said = {
  "H21.11-1": {
    Result: 1,
    Message: "",
    Data: {
      SoBienNhan: "H21.11-1",
      MaTrangThai: "DangLuanChuyen",
      NoiDungXuLy: "Chuyển thuế",
      NgayChuyen: "/Date(1777248998173)/",
      HanXuLy: null,
    },
  },
  "H21.11-2": { Result: 0, Message: "Hệ thống ĐANG BẬN" },
};

function answer(request, form) {
  const known = request.method === "POST" && request.url === "/HoSo/TraCuuTrangThaiHoSo";
  if (!known || request.headers["content-type"] !== "application/x-www-form-urlencoded") {
    return { Result: 0, Message: "Yêu cầu không hợp lệ" };
  }
  if (form.get("SecurityCode") !== CODE) return { Result: 0, Message: `Mã bảo mật ${form.get("SecurityCode")} sai` };
  return said[form.get("model[SoBienNhan]")] || { Result: 0, Message: "Không tìm thấy hồ sơ" };
}

http
  .createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    response.writeHead(200, { "Content-Type": "text/html; charset=windows-1258" });
    response.end(JSON.stringify(answer(request, new URLSearchParams(Buffer.concat(chunks).toString()))));
  })
  .listen(0, "127.0.0.1", function () {
    console.log(`http://127.0.0.1:${this.address().port}`);
  });
