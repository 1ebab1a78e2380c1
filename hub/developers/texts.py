"""What the reference says in Vietnamese, which the schemas say in English; and what to do about refused calls."""

from contracts.webhook import Outcome
from hub.portal.texts import Text
from hub.problems import ProblemType

#: Fields of events and answers, by their paths.
FIELDS = {
    "type": "Loại sự kiện.",
    "timestamp": "Lúc sự kiện này được tạo ra. Trục không dùng đến: chỉ tính `data.occurred_at`.",
    "data": "Hồ sơ như nó là sau thay đổi. Bỏ qua điều không đổi hoặc chưa biết.",
    "data.code": "Mã hồ sơ.",
    "data.occurred_at": "Lúc việc xảy ra, có múi giờ: thiếu múi giờ thì không nhận.",
    "data.revision": "Số thứ tự thay đổi của hệ thống gửi, tăng dần, nếu có.",
    "data.status": "Từ hoặc mã trạng thái của chính cơ quan.",
    "data.national_code": "Mã hồ sơ quốc gia.",
    "data.procedure_code": "Mã thủ tục hành chính.",
    "data.procedure_name": "Tên thủ tục.",
    "data.submitted_at": "Lúc người dân nộp.",
    "data.received_at": "Lúc cơ quan tiếp nhận.",
    "data.due_at": "Ngày hẹn trả.",
    "data.finished_at": "Lúc có kết quả.",
    "data.applicant": "Người nộp; được mã hóa khi lưu, không hiện cho người ngoài.",
    "data.applicant.name": "Họ và tên.",
    "data.applicant.phone": "Số điện thoại.",
    "data.applicant.email": "Thư điện tử.",
    "data.applicant.number": (
        "Số định danh (CCCD), hoặc mã số thuế của tổ chức. Gửi dạng chữ: dạng số mất các số 0 ở đầu."
    ),
    "data.note": "Ghi chú của cán bộ.",
    "id": "webhook-id của lần gửi, hoặc id của sự kiện trong danh sách.",
    "outcome": "Sự kiện đã thành gì; xem dưới.",
    "duplicate": "Id này đã được gửi trước đây; không việc gì làm hai lần.",
    "problems": "Điều chưa hiểu được. Nó được giữ lại và áp dụng khi có ánh xạ.",
}

#: Fields of what the hub sends, likewise.
OUTGOING = {
    "id": "Số của sự kiện. Của cùng một hồ sơ, số lớn hơn là việc xảy ra sau.",
    "type": "Loại sự kiện.",
    "timestamp": "Lúc trục bắt đầu ghi thay đổi.",
    "subject": "`id` của hồ sơ đã đổi; sau `dossier.joined` không còn hồ sơ nào có id ấy.",
    "status_before": "Trạng thái quốc gia trước thay đổi.",
    "status_after": "Trạng thái quốc gia sau thay đổi.",
    "data": "Hồ sơ như nó là bây giờ, có thể sau cả những thay đổi về sau. Không có dữ liệu cá nhân.",
}

OUTCOMES = {
    Outcome.APPLIED: Text("Đã vào hồ sơ.", "The dossier has it."),
    Outcome.SUPERSEDED: Text(
        "Chỉ thêm vào lịch sử: trục đã biết điều mới hơn.", "It only added to the history: something newer is known."
    ),
    Outcome.QUARANTINED: Text(
        "Có phần chưa hiểu (xem `problems`); phần hiểu được đã vào hồ sơ. Không cần gửi lại.",
        "A part was not understood (see `problems`); what was, the dossier has. There is no need to send it again.",
    ),
    Outcome.IGNORED: Text("Loại sự kiện mà trục không dùng.", "Of a type the hub does not act on."),
    Outcome.WAITING: Text("Đã lưu; trục sẽ áp dụng ngay sau.", "Stored; the hub will apply it shortly."),
    Outcome.CONFLICT: Text(
        "Chỉ trong danh sách: id đã có với nội dung khác. Cả hai được giữ; gửi sự kiện mới với id mới.",
        "In a list only: its id stands for something else. Both are kept; send the new one under a new id.",
    ),
    Outcome.REFUSED: Text(
        "Chỉ trong danh sách: đây không phải sự kiện; xem `problems`.",
        "In a list only: it is no event; see `problems`.",
    ),
}

#: Of the problems that a sender meets: what it means, and what to do. Of all others: OTHER_PROBLEMS.
PROBLEMS = {
    ProblemType.MALFORMED_REQUEST: (
        "Yêu cầu không đúng dạng. `errors` nêu từng chỗ, sai thế nào và thế nào là đúng. Sửa rồi gửi lại; gửi y nguyên "
        "sẽ lại bị từ chối."
    ),
    ProblemType.TIMESTAMP_REFUSED: (
        "webhook-timestamp quá xa giờ của trục; `server_time` là giờ ấy. Chỉnh đồng hồ máy (NTP), và ký mới mỗi lần "
        "thử."
    ),
    ProblemType.SIGNATURE_REFUSED: (
        "Không chữ ký nào khớp. Ký đúng các byte của thân như khi gửi; xem trang Cuộc gọi để biết sai ở đâu."
    ),
    ProblemType.ADDRESS_REFUSED: "Địa chỉ mạng này không có trong danh sách đã thỏa thuận. Báo quản trị của trục.",
    ProblemType.AGENCY_NOT_FOUND: "Không có cơ quan nào với id ấy được quyền gửi. So lại địa chỉ.",
    ProblemType.BODY_TOO_SLOW: "Thân đến quá chậm. Gửi lại trong một lần.",
    ProblemType.ID_REUSED: (
        "Id này đã đến với nội dung khác. Một id mãi mãi chỉ một thông điệp: gửi thông điệp mới với id mới. Đừng gửi "
        "lại y nguyên."
    ),
    ProblemType.BODY_TOO_LARGE: "Thân lớn hơn 256 KiB. Chia danh sách nhỏ hơn.",
    ProblemType.UNSUPPORTED_MEDIA_TYPE: "Gửi application/json, không nén.",
    ProblemType.TOO_MANY_REQUESTS: "Quá nhiều. Chờ số giây trong Retry-After rồi gửi lại.",
    ProblemType.INTERNAL_ERROR: "Lỗi của trục. Gửi lại sau; nếu kéo dài, báo `correlation_id`.",
    ProblemType.UNAVAILABLE: "Chưa lưu được gì. Gửi lại y nguyên sau số giây trong Retry-After, chữ ký mới.",
}

OTHER_PROBLEMS = {
    ProblemType.API_KEY_REFUSED: "Gửi một khóa còn hiệu lực trong tiêu đề X-Api-Key. Quản trị của trục cấp khóa.",
    ProblemType.TOKEN_REFUSED: (
        "Gửi mã của người dân trong tiêu đề `Authorization: Bearer`. Mã do cổng nơi người ấy đăng nhập cấp, hết hạn "
        "sau mười lăm phút; cổng có thể xin mã khác."
    ),
    ProblemType.FORBIDDEN: (
        "Trục biết ai đang hỏi, nhưng người ấy không được xem. `missing_scope` là quyền mà khóa còn thiếu; quản trị "
        "của trục cấp quyền."
    ),
    ProblemType.NOT_PROVED: (
        "Không có hồ sơ mang mã này, hoặc các chữ số không phải những số cuối của số định danh hay điện thoại người "
        "nộp, hoặc cơ quan không báo số nào. Trục không nói là điều nào. Sau vài lần thử phải chờ, mỗi lần một lâu hơn."
    ),
    ProblemType.NOT_FOUND: "So lại đường dẫn với tài liệu API ở /docs.",
    ProblemType.DOSSIER_NOT_FOUND: (
        "Chưa cơ quan nào báo cho trục hồ sơ mang mã này. So lại với giấy biên nhận. Hồ sơ vừa nộp có thể vài phút sau "
        "mới đến."
    ),
    ProblemType.DELIVERY_NOT_FOUND: (
        "Trục không nhận sự kiện nào của cơ quan này với id ấy. Nếu trục đã trả 2xx, hãy so lại id; nếu không, nó nằm "
        "trong các cuộc gọi bị từ chối và phải được gửi lại."
    ),
    ProblemType.SUBSCRIPTION_NOT_FOUND: (
        "Một khóa chỉ thấy các đăng ký được tạo bằng nó, hoặc bằng khóa trước cùng tên, và các lần gửi của chúng. "
        "GET /v1/subscriptions liệt kê chúng. Lần gửi được giữ hai tuần sau khi xong."
    ),
    ProblemType.ADMIN_NOT_FOUND: (
        "Không có cơ quan, luồng, cuộc gọi, phiên bản, bản ghi bị cách ly, người, khóa hay bí mật nào như đường dẫn "
        "nêu. Các danh sách của /v1/admin cho biết có những gì."
    ),
    ProblemType.UNDER_WAY: "Chờ đến khi việc đang chạy kết thúc; các luồng của cơ quan cho biết đã đến đâu.",
    ProblemType.OVERTAKEN: ("Xem phiên bản đang dùng, rồi gửi lại thay đổi với số của phiên bản ấy trong `based_on`."),
    ProblemType.METHOD_NOT_ALLOWED: "Tiêu đề Allow liệt kê các phương thức được nhận.",
    ProblemType.SEVERAL_DOSSIERS: "`agencies` liệt kê id của các cơ quan. Hỏi lại, `agency` là một trong đó.",
    ProblemType.CURSOR_EXPIRED: (
        "Thay đổi được giữ một tháng, và cơ sở dữ liệu phục hồi từ bản sao thì bắt đầu lại. Làm lại từ đầu: lấy con "
        "trỏ bằng GET /v1/changes, đọc hết GET /v1/dossiers, rồi đi tiếp từ con trỏ ấy. Theo thứ tự này không sót gì."
    ),
    ProblemType.AGENCY_NOT_ANSWERING: (
        "Trục không biết hồ sơ mang mã này và đã hỏi, hoặc định hỏi, cơ quan mà mã chỉ đến. `reason` nói vì sao không "
        "có câu trả lời, như stale_reason của hồ sơ. Hồ sơ có thể có hoặc không: gửi lại y nguyên sau số giây trong "
        "Retry-After."
    ),
}

#: Why calls are refused, by hub.intake's reasons: what is behind it as a rule, and what would be right.
REFUSALS = {
    "bad_id": Text(
        "Mỗi sự kiện cần một webhook-id của riêng nó: 1–128 ký tự A–Z a–z 0–9 _ -.",
        "Each event needs a webhook-id of its own: 1 to 128 of A–Z a–z 0–9 _ -.",
    ),
    "bad_timestamp": Text(
        "webhook-timestamp là số giây từ 1970 bằng chữ số: không phải mili giây, không phải ngày tháng.",
        "webhook-timestamp is seconds since 1970 in digits: not milliseconds, not a date.",
    ),
    "out_of_time": Text(
        "Đồng hồ của máy gửi lệch, hoặc lần thử lại mang giờ của lần đầu. Chỉnh giờ bằng NTP và ký mới mỗi lần thử.",
        "The sender's clock is wrong, or a retry carries the first try's time. Set the clock by NTP and sign each try "
        "anew.",
    ),
    "no_signature": Text(
        "Thiếu chữ ký. Thêm webhook-signature: `v1,` rồi base64 của HMAC-SHA256.",
        "There is no signature. Add webhook-signature: `v1,` and the base64 of the HMAC-SHA256.",
    ),
    "bad_signature": Text(
        "Ký trên `id.timestamp.body` với đúng các byte của thân, khóa là phần sau `whsec_` giải base64.",
        "Sign `id.timestamp.body` with the raw bytes of the body; the key is what follows `whsec_`, decoded from "
        "base64.",
    ),
    "no_token": Text("Thiếu mã bí mật đã thỏa thuận.", "The token that was agreed on is missing."),
    "bad_token": Text("Mã bí mật không đúng.", "The token is not the one that was agreed on."),
    "bad_address": Text(
        "Gọi từ địa chỉ mạng không có trong danh sách.", "It came from an address that is not on the list."
    ),
    "no_certificate": Text("Không có chứng thư máy khách.", "No client certificate came with the connection."),
    "bad_certificate": Text("Chứng thư không phải của cơ quan.", "The certificate is not this agency's."),
    "not_events": Text(
        "Chữ ký đúng, nhưng thân không phải sự kiện: gửi `{type, timestamp, data}`, UTF-8.",
        "The signature is right, but the body holds no event: send `{type, timestamp, data}` in UTF-8.",
    ),
    "id_reused": Text(
        "Id này đã là của một sự kiện khác, và sự kiện mới chưa được áp dụng. Gửi nó với id mới; đừng dùng lại id.",
        "This id stands for another event, and the new one was not applied. Send that under an id of its own.",
    ),
    "compressed": Text("Gửi thân không nén.", "Send the body as it is, not compressed."),
    "too_slow": Text("Gửi cả thân trong một lần.", "Send the body in one go."),
    "too_large": Text("Chia danh sách nhỏ hơn: tối đa 256 KiB.", "Send smaller lists: at most 256 KiB."),
    "cut_off": Text(
        "Thân không đến đủ: gửi lại, cùng id. Với HttpClient của Java trên http://, đặt `HTTP_1_1`: nếu không, nó xin "
        "chuyển sang HTTP/2 và thân bị bỏ.",
        "Not all of the body came: send it again under the same id. Java's HttpClient over http:// needs `HTTP_1_1`: "
        "else it asks to change to HTTP/2, and the body is lost.",
    ),
}

STATES = {
    "new": Text("đang chờ", "waiting"),
    "waiting": Text("đang chờ", "waiting"),
    "applied": Text("đã áp dụng", "applied"),
    "superseded": Text("chỉ vào lịch sử", "only history"),
    "ignored": Text("bỏ qua", "ignored"),
    "quarantined": Text("có phần chưa hiểu", "in part not understood"),
    "dead": Text("cần người xem", "a person has to look"),
}
