"""What to look at next when an agency was tried out and something failed."""

SENTENCES = {
    "the address": "địa chỉ",
    "`system.private` is true, so private addresses are allowed.": (
        "`system.private` đang là true, nên địa chỉ mạng riêng được phép."
    ),
    "If the system is on the province's own lines, give `system.private: true`.": (
        "Nếu hệ thống nằm trong mạng riêng của tỉnh, ghi `system.private: true`."
    ),
    "Is `system.address` right? It is $address: scheme, host and port, as the agency gave them.": (
        "`system.address` đúng chưa? Đang là $address: giao thức, tên máy và cổng như cơ quan đã cho."
    ),
    "Can this machine reach it? Try from the machine the hub runs on; ask who keeps the firewall or VPN.": (
        "Máy này có gọi đến đó được không? Hãy thử từ máy chạy hub; hỏi người quản lý tường lửa hoặc VPN."
    ),
    "Is the agency's system up? Ask them, and try again later.": (
        "Hệ thống của cơ quan có đang chạy không? Hãy hỏi họ, rồi thử lại sau."
    ),
    "Is the agency's system slow now? Try once more.": "Hệ thống của cơ quan đang chậm chăng? Hãy thử lại lần nữa.",
    "If it is always that slow, raise `system.limits` (read_seconds, total_seconds).": (
        "Nếu lúc nào cũng chậm như vậy, nâng `system.limits` (read_seconds, total_seconds)."
    ),
    "A long list: ask for smaller pages (`pages.size`) or a later --since.": (
        "Danh sách dài: xin trang nhỏ hơn (`pages.size`) hoặc mốc thời gian muộn hơn."
    ),
    "Does the agency expect it elsewhere (header, query, body)? See `system.auth`.": (
        "Cơ quan có đòi đặt ở chỗ khác không (tiêu đề, truy vấn, thân)? Xem `system.auth`."
    ),
    "Some agencies let in known machines only: ask whether they know the hub's address.": (
        "Có cơ quan chỉ cho máy đã biết vào: hỏi xem họ đã có địa chỉ của hub chưa."
    ),
    "Wait and try again.": "Chờ rồi thử lại.",
    "If it happens in daily work, lower `system.budget` (per_second, concurrency) to what they allow.": (
        "Nếu gặp hằng ngày, hạ `system.budget` (per_second, concurrency) xuống mức họ cho phép."
    ),
    "Does the agency know this code? Take one from its own screen, or from `try --changes`.": (
        "Cơ quan có mã này không? Hãy lấy một mã trên màn hình của họ, hoặc từ danh sách thay đổi."
    ),
    "If the raw answer does hold the dossier, see `operations.$operation.answer`: `records`, `absent_when`.": (
        "Nếu câu trả lời nguyên văn có hồ sơ, xem `operations.$operation.answer`: `records`, `absent_when`."
    ),
    "The agency's own words are above: they name a parameter, a permission, or its own fault.": (
        "Ở trên là lời của chính cơ quan, trong đó nêu một tham số, một quyền, hoặc lỗi của họ."
    ),
    "Compare the request as sent with its documents: `operations.$operation.request`.": (
        "So yêu cầu đã gửi với tài liệu của cơ quan: `operations.$operation.request`."
    ),
    "If the answer is good all the same, `operations.$operation.answer.error_when` is wrong.": (
        "Nếu câu trả lời vẫn đúng thì `operations.$operation.answer.error_when` sai."
    ),
    (
        "Is it a status word alone? Then `operations.lookup.answer.records` makes a record of it, as `{trangThai: @}`, "
        "and `operations.lookup.asked_as` puts the code into it."
    ): (
        "Câu trả lời chỉ là một từ trạng thái? Khi đó `operations.lookup.answer.records` làm nó thành bản ghi, như "
        "`{trangThai: @}`, và `operations.lookup.asked_as` thêm mã hồ sơ vào."
    ),
    "Look at the raw answer: is it what the agency's documents promise? A web page means a wrong path.": (
        "Xem câu trả lời nguyên văn: có như tài liệu của cơ quan không? Nếu là trang web thì đường dẫn sai."
    ),
    "Is a document inside a string? Then give `operations.$operation.answer.inside`.": (
        "Có tài liệu nằm trong một chuỗi chăng? Khi đó ghi `operations.$operation.answer.inside`."
    ),
    "Where are the records in it? See `operations.$operation.answer.records`.": (
        "Các bản ghi nằm ở đâu trong đó? Xem `operations.$operation.answer.records`."
    ),
    "The spec names no secret; does the agency want a key or a login? Then give `system.auth`.": (
        "Bản mô tả không có bí mật nào; cơ quan có đòi khóa hay đăng nhập không? Khi đó ghi `system.auth`."
    ),
    "It is not set: $why.": "Chưa được đặt: $why.",
    "Is the secret $name right? It comes from $variable, or secrets/$file in the data folder.": (
        "Bí mật $name đúng chưa? Nó lấy từ trang Bí mật, biến $variable, hoặc secrets/$file trong thư mục dữ liệu."
    ),
}
