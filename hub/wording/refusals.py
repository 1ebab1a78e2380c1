"""Why a delivery was not taken, and what would be right: for who sends them."""

SENTENCES = {
    "missing": "không có",
    "missing or malformed": "không có, hoặc sai dạng",
    "missing, or not as agreed": "không có, hoặc không như đã thỏa thuận",
    "1 to 128 of A–Z a–z 0–9 _ -, or no such header": "1 đến 128 ký tự A–Z a–z 0–9 _ -, hoặc không có trường này",
    # Its id.
    "stands for another body; both are kept": "đã là của một thân khác; cả hai được giữ",
    "stands for another event; both are kept": "đã là của một sự kiện khác; cả hai được giữ",
    "a new id for a new event": "id mới cho sự kiện mới",
    "$why ($number of the list were not taken)": "$why ($number sự kiện của danh sách không được nhận)",
    # Its headers.
    "1 to 128 of A–Z a–z 0–9 _ -": "1 đến 128 ký tự A–Z a–z 0–9 _ -",
    "seconds since 1970, in digits": "số giây từ năm 1970, viết bằng chữ số",
    "$seconds s $which; it is $time here": "$which $seconds giây; ở đây là $time",
    "at most $old s old and $ahead s ahead; sign each try anew": (
        "cũ không quá $old giây, sớm không quá $ahead giây; ký lại ở mỗi lần thử"
    ),
    "old": "cũ",
    "ahead": "sớm",
    "v1,BASE64 of the HMAC-SHA256": "v1,BASE64 của HMAC-SHA256",
    "matches none of this agency's keys": "không khớp khóa nào của cơ quan này",
    "HMAC-SHA256 over `id.timestamp.body` with the raw body, base64": (
        "HMAC-SHA256 của `id.timestamp.body` với thân nguyên văn, viết bằng base64"
    ),
    "HMAC-$algorithm of the raw body, in $encoding": "HMAC-$algorithm của thân nguyên văn, viết bằng $encoding",
    "$prefix in $encoding": "$prefix viết bằng $encoding",
    # Tokens, addresses and certificates.
    # Of before, and still stored.
    "this address is not on the agency's list": "địa chỉ này không có trong danh sách của cơ quan",
    "one that is agreed on": "địa chỉ đã thỏa thuận",
    "$address is not on the agency's list": "$address không có trong danh sách của cơ quan",
    "an address that is agreed on": "địa chỉ đã thỏa thuận",
    "is none of this agency's tokens": "không phải mã nào của cơ quan này",
    "the token that was agreed on": "mã đã thỏa thuận",
    "no client certificate came with the connection": "kết nối không kèm chứng thư của bên gửi",
    "this agency's": "chứng thư của cơ quan này",
    "the client certificate is not this agency's": "chứng thư của bên gửi không phải của cơ quan này",
    "one of its own": "một chứng thư của cơ quan",
    # Its body.
    "the body as it is, not compressed": "thân để nguyên, không nén",
    "not all here after $seconds s": "sau $seconds giây vẫn chưa đến hết",
    "a body sent in one go": "thân được gửi liền một lần",
    "the body is too large": "thân quá lớn",
    "at most $bytes bytes": "nhiều nhất $bytes byte",
    "the body ended early": "thân kết thúc sớm",
    "as many bytes as promised": "đủ số byte đã báo",
    "plain JSON": "JSON thường",
}
