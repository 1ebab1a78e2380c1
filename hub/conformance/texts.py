"""What a conformance report says, in both languages: English stands beside each check, Vietnamese here.

What was seen is made in English, and found again in hub.wording; an agency's own words stand as they are.
"""

from enum import StrEnum
from typing import NamedTuple

from hub.conformance.receiver import Try
from hub.conformance.report import Check, Finding
from hub.portal.texts import Text
from hub.wording import spoken


class Lang(StrEnum):
    VI = "vi"
    EN = "en"


class Explained(NamedTuple):
    wants: str
    why: str
    mend: str


def explained(check: Check, lang: Lang) -> Explained:
    return VIETNAMESE[check.id] if lang is Lang.VI else Explained(check.wants, check.why, check.mend)


def seen(finding: Finding, lang: Lang) -> str:
    if lang is Lang.EN:
        return finding.verdict.seen
    return " ".join(each.vi if isinstance(each, Text) else spoken("vi", each) for each in finding.verdict.sentences)


#: What is said around the checks, by what it is in English.
FRAME = {
    "pass": "đạt",
    "FAIL": "LỖI",
    "better": "nên sửa",
    "not tried": "chưa thử",
    "seen": "thấy",
    "why": "vì sao",
    "mend": "sửa",
    "It does what it must": "Đạt những điều bắt buộc",
    "It does not do what it must": "Chưa đạt những điều bắt buộc",
    "The secret to sign with: {secret}": "Bí mật để ký: {secret}",
    "Send to {address} within {seconds:g} s.": "Gửi đến {address} trong vòng {seconds:g} giây.",
    "a delivery": "một lần gửi",
    "{name}: refused with {status}; {field}: {problem}": "{name}: bị từ chối, {status}; {field}: {problem}",
    "{name}: the sender did not wait for our answer": "{name}: bên gửi không chờ câu trả lời",
    "{name}: answered {status} after {seconds:.1f} s": "{name}: được trả {status} sau {seconds:.1f} giây",
    "{name}: answered {status} after {seconds:.1f} s, on purpose": (
        "{name}: được trả {status} sau {seconds:.1f} giây, cố ý"
    ),
}


def framed(english: str, lang: Lang, **values: object) -> str:
    text = FRAME[english] if lang is Lang.VI else english
    return text.format(**values) if values else text


def of_try(made: Try, number: int, lang: Lang) -> str:
    """What became of it, in a line."""
    name = made.name or framed("a delivery", lang)
    if refused := made.refused:
        said = framed(
            "{name}: refused with {status}; {field}: {problem}",
            lang,
            name=name,
            status=refused.status,
            field=refused.field,
            problem=spoken(lang.value, refused.problem),
        )
    elif made.left:
        said = framed("{name}: the sender did not wait for our answer", lang, name=name)
    else:
        english = "{name}: answered {status} after {seconds:.1f} s" + (", on purpose" if made.trick.played else "")
        said = framed(english, lang, name=name, status=made.status, seconds=made.seconds)
    return f"{number}. {said}"


VIETNAMESE = {
    "line.reached": Explained(
        "Hệ thống trả lời",
        "Không thì không thử được gì khác, và người dân sẽ được báo là không hỏi được cơ quan này.",
        "Xem điều đã thấy: địa chỉ, cổng, tường lửa ở giữa, hay khóa.",
    ),
    "line.https": Explained(
        "Được gọi bằng https, hoặc trong mạng riêng",
        "Nếu không, hồ sơ và khóa của trục đi qua Internet mà ai cũng đọc được.",
        "Đặt TLS phía trước (nginx, IIS, gateway) với chứng thư của một tổ chức cấp công cộng.",
    ),
    "line.certificate": Explained(
        "Chứng thư còn hạn ít nhất 30 ngày",
        "Ngày hết hạn, mọi cuộc gọi đều hỏng, thường là vào cuối tuần.",
        "Gia hạn, tự động nếu được (ACME), và cho người phụ trách được báo trước một tháng.",
    ),
    "line.credentials": Explained(
        "Không có đúng khóa thì không cho gì",
        "Nếu không, ai tìm ra địa chỉ cũng đọc được hồ sơ của mọi người.",
        "Đòi khóa hoặc đăng nhập ở mọi đường dẫn, và trả 401 khi không có.",
    ),
    "line.clock": Explained(
        "Tiêu đề Date lệch giờ đúng không quá 60 giây",
        "Khoảng thay đổi kết thúc ngay trước giờ hiện tại của cơ quan: đồng hồ lệch thì thay đổi được đọc muộn hoặc "
        "sai thứ tự.",
        "Gửi tiêu đề Date (phần lớn máy chủ tự làm) và giữ giờ bằng NTP.",
    ),
    "line.prompt": Explained(
        "Tra cứu được trả lời trong 2 giây",
        "Người dân đang chờ. Quá hai giây, cổng hiện trạng thái biết lần cuối.",
        "Thường chỉ thiếu một chỉ mục (index) trên mã hồ sơ trong cơ sở dữ liệu.",
    ),
    "line.together": Explained(
        "Các tra cứu cùng lúc được trả lời như từng cái một",
        "Nhiều người dân hỏi cùng lúc. Hệ thống lẫn câu trả lời sẽ cho người này xem hồ sơ của người khác.",
        "Không giữ gì của một yêu cầu trong biến static hay biến dùng chung; mỗi yêu cầu một kết nối cơ sở dữ liệu.",
    ),
    "line.slow_down": Explained(
        "Khi bị hỏi quá nhiều, nó nói bằng 429 và Retry-After",
        "Khi ấy trục chờ đúng như được bảo. Nếu không, trục coi hệ thống là hỏng và nhiều phút không hỏi nữa; còn hệ "
        "thống sập thì sập với mọi người.",
        "Trả 429 với `Retry-After: 5` khi vượt sức chịu, ở gateway hoặc trong chương trình.",
    ),
    "line.letters": Explained(
        "Chữ Việt đến nguyên vẹn, bằng UTF-8 hoặc như Content-Type nêu",
        "Người dân thấy `Nguyá»…n`, và không tìm được hồ sơ.",
        "Đọc và ghi UTF-8 ở mọi bước (kết nối cơ sở dữ liệu, tệp nguồn, bộ tuần tự hóa), và nêu `Content-Type: "
        "application/json; charset=utf-8`.",
    ),
    "line.composed": Explained(
        "Chữ Việt ở dạng dựng sẵn (NFC)",
        "Cùng một tên gõ ở máy khác lại là những byte khác: so sánh và tìm kiếm trong chính hệ thống của bạn sẽ hỏng.",
        "Chuẩn hóa về NFC khi lưu: `unicodedata.normalize`, `string.Normalize()`, `Normalizer`.",
    ),
    "line.errors": Explained(
        "Lỗi là dữ liệu, và không để lộ bên trong",
        "Trục cho quản trị xem lời của cơ quan và dựa vào đó để xử lý. Trang web hay stack trace không nói được điều "
        "gì, mà cho kẻ tấn công biết phần mềm và các bảng.",
        "Bắt lỗi ở một chỗ; trả trạng thái phù hợp với JSON ngắn (hay SOAP fault) nêu nguyên nhân, và ghi stack trace "
        "vào nhật ký của mình.",
    ),
    "lookup.known": Explained(
        "Hồ sơ có thật được tìm thấy và hiểu được",
        "Đó là điều người dân hỏi.",
        "So điều đã thấy với ánh xạ: `hub adapter try SPEC --code CODE` cho xem từng bước.",
    ),
    "lookup.same": Explained(
        "Tra cứu nói như danh sách",
        "Hồ sơ có hai trạng thái cùng lúc thì không trạng thái nào đáng tin; trên cổng nó sẽ đổi qua đổi lại.",
        "Đọc cả hai từ cùng một bảng hay view, và chuyển đổi ngày giờ, trạng thái bằng cùng một đoạn mã.",
    ),
    "lookup.steady": Explained(
        "Hỏi hai lần, nói như nhau",
        "Với trục, mỗi khác biệt là một thay đổi: lịch sử đầy lên, và người dân được báo tin không có thật.",
        "Trả giờ thay đổi đã lưu cùng hồ sơ, không bao giờ là giờ của câu trả lời.",
    ),
    "lookup.unknown": Explained(
        "Mã không của ai thì được nói là không có",
        "Với người dân, `không có hồ sơ này` và `hệ thống của cơ quan đang hỏng` là hai chuyện. Nếu lẫn lộn, mỗi mã "
        "gõ sai bị tính là một lần hỏng.",
        "Trả 404; hoặc 200 với kết quả rỗng hay một mã riêng, và khai trong `absent_when` của spec rằng điều ấy trông "
        "thế nào.",
    ),
    "lookup.whole": Explained(
        "Một phần của mã không phải là mã",
        "Ai gõ thiếu một chữ số sẽ được xem hồ sơ của người khác.",
        "So mã bằng `=`, không bao giờ bằng LIKE hay `contains`.",
    ),
    "lookup.hostile": Explained(
        "Dấu nháy, dấu phần trăm, chữ Việt và mã dài chỉ là mã không có, không hơn",
        "Người dân gõ chúng, và kẻ tấn công cũng vậy. Hệ thống hỏng vì một dấu nháy thường sẽ chạy cả những gì đứng "
        "sau nó.",
        "Gắn tham số trong SQL; mã hóa đường dẫn; kiểm dạng của mã trước và trả 404 (hoặc 400) cho mã khác dạng.",
    ),
    "list.reads": Explained(
        "Danh sách đọc được đến hết, theo thứ tự đã hứa",
        "Những gì đứng sau chỗ bị đứt không bao giờ đến trục.",
        "Sắp theo giờ thay đổi rồi theo một thứ duy nhất (`ORDER BY changed_at, code`), và đi tiếp từ dòng cuối thay "
        "vì đếm trang. Xem `pages` trong docs/adapters.md.",
    ),
    "list.statuses": Explained(
        "Mọi từ trạng thái đều đã thỏa thuận",
        "Trục không bao giờ đoán: trạng thái của hồ sơ ấy giữ nguyên cho đến khi có người ánh xạ từ đó.",
        "Thêm các từ vào `statuses` trong spec, mỗi từ với mã quốc gia (1–10) của nó, hoặc gửi các mã ấy.",
    ),
    "list.fields": Explained(
        "Mọi trường khác đúng dạng đã thỏa thuận",
        "Ngày hay mã không đọc được thì bị cách ly, và hồ sơ hiện ra thiếu nó.",
        "Viết ngày giờ theo ISO 8601 có múi giờ (2026-11-20T08:00:00+07:00), và không viết gì khi không có.",
    ),
    "list.plausible": Explained(
        "Thời gian có thể là thật: không thay đổi nào ở tương lai, không năm nào vô lý",
        "Thay đổi ghi là của ngày mai che mọi thay đổi từ nay đến đó. Đi trước bảy giờ là giờ địa phương bị ghi là "
        "UTC.",
        "Đổi sang UTC trước khi viết `Z`, hoặc viết `+07:00`; bỏ ngày không biết.",
    ),
    "list.precise": Explained(
        "Giờ thay đổi có đến giây, không chỉ ngày",
        "Hai thay đổi trong một ngày thì không ai biết cái nào sau; và mỗi lần đồng bộ phải đọc lại cả ngày.",
        "Giữ cùng mỗi hồ sơ một dấu thời gian được đặt ở mọi thay đổi, và trả nó.",
    ),
    "list.pages": Explained(
        "Từ trang này sang trang khác không sót và không trùng dòng nào, dù bao nhiêu dòng đổi trong cùng một giây",
        "Hồ sơ bị sót thì sai trong trục cho đến lần đối chiếu ban đêm. Thường là các dòng cùng một giây không có thứ "
        "tự cố định, nên đổi trang giữa hai lần hỏi.",
        "Sắp cuối cùng theo một thứ duy nhất (`ORDER BY changed_at, code`); con trỏ gồm cả hai, và đi tiếp bằng "
        "`WHERE (changed_at, code) > (…, …)`. Một lần nhập hàng nghìn dòng cùng một giây là phép thử.",
    ),
    "list.size": Explained(
        "Một trang không có nhiều dòng hơn số đã hỏi",
        "Cỡ trang được chọn để câu trả lời đọc kịp; danh sách trả cả một lần sẽ lớn dần cho đến khi không kịp nữa.",
        "Áp dụng cỡ trang (`LIMIT`), đến một mức tối đa của bạn.",
    ),
    "list.since": Explained(
        "Hỏi thay đổi từ một thời điểm thì được tất cả từ đó, kể cả đúng thời điểm ấy",
        "Nếu không, có thay đổi trục không bao giờ biết: những thay đổi đúng vào giây nó đi tiếp, hoặc của bảy giờ "
        "liền, khi giờ địa phương bị coi là UTC.",
        "So bằng `>=`. Đọc múi giờ trong tham số (`+07:00`, dấu cộng phải được giải từ %2B), và so trong cùng một múi "
        "giờ.",
    ),
    "list.filters": Explained(
        "Hỏi thay đổi từ một thời điểm thì không có gì trước đó",
        "Nếu không, mỗi lần đồng bộ, chừng mỗi phút, đọc lại cả danh sách: chậm cho bạn, muộn cho người dân.",
        "Lọc theo giờ thay đổi, không theo giờ nộp, và đừng bỏ qua tham số mà bạn không biết.",
    ),
    "list.until": Explained(
        "Hỏi thay đổi đến một thời điểm thì được tất cả trước đó và không có gì sau",
        "Trục đọc một tháng đã qua theo từng khoảng. Cái gì thiếu ở rìa khoảng thì sớm nhất là đêm sau mới thấy.",
        "Lọc cả hai đầu bằng cùng một cột, đọc múi giờ như ở đầu dưới.",
    ),
    "list.numbers": Explained(
        "Số thay đổi tăng theo mỗi thay đổi, và mỗi số chỉ cấp một lần",
        "Trục đi tiếp từ số cuối đã thấy: số cấp muộn, hoặc cấp hai lần, không bao giờ được đọc.",
        "Lấy số từ một sequence trong chính giao dịch của thay đổi, và liệt kê theo thứ tự của nó.",
    ),
    "list.nothing": Explained(
        "Khi không có gì đổi, danh sách rỗng, và đó không phải là lỗi",
        "Ban đêm không có gì đổi. Báo lỗi khi ấy trông như hệ thống hỏng, mỗi phút của mỗi đêm.",
        "Trả 200 với danh sách rỗng: không null, không 404, không thông báo thay cho danh sách.",
    ),
    "list.light": Explained(
        "Một trang tối đa 5 MB",
        "Đường truyền chậm mất một phút cho nó, và đứt thì phải làm lại từ đầu.",
        "Trang nhỏ hơn (`size` trong spec); không tệp và không base64 trong danh sách; gzip.",
    ),
    "sent.arrives": Explained(
        "Có lần gửi đến",
        "Không thì không xem được gì khác.",
        "Bên gửi có địa chỉ của trục chưa? Có tường lửa hay proxy ở giữa? Có gì khởi động việc gửi không?",
    ),
    "sent.proved": Explained(
        "Mỗi lần gửi được chứng minh như đã thỏa thuận",
        "Nếu không, ai biết địa chỉ cũng gửi được bất cứ gì về bất cứ ai; vì vậy cái không chứng minh được thì bị từ "
        "chối.",
        "Ký `id.timestamp.body`, đúng các byte được gửi, bằng khóa là phần base64 sau `whsec_`: /developers có mã "
        "bằng sáu ngôn ngữ, từng bước.",
    ),
    "sent.clock": Explained(
        "Đồng hồ lệch giờ của trục không quá 60 giây",
        "Chữ ký được nhận trong năm phút; đồng hồ trôi dần chỉ bị phát hiện vào ngày mọi lần gửi đều bị từ chối.",
        "Giữ giờ bằng NTP, và lấy giờ lúc tạo yêu cầu, không phải lúc xảy ra sự kiện.",
    ),
    "sent.body": Explained(
        "Thân chứa sự kiện như đã thỏa thuận: tối đa 256 KiB, 1 đến 100 sự kiện, không nén, bằng POST",
        "Cái không hiểu được là sự kiện thì bị từ chối cả.",
        'Gửi {"type": "dossier.updated", "timestamp": …, "data": {…}} bằng UTF-8, hoặc một danh sách như vậy, mỗi cái '
        "có `id`.",
    ),
    "sent.type": Explained(
        "Nêu application/json, khi đúng là JSON",
        "Thiết bị ở giữa (tường lửa, proxy) từ chối hoặc sửa cái không nói mình là gì.",
        "`Content-Type: application/json; charset=utf-8`",
    ),
    "sent.query": Explained(
        "Địa chỉ được gọi nguyên như vậy, không thêm gì",
        "Những gì trong địa chỉ bị ghi vào nhật ký của mọi máy trên đường; trong đó có thể có dữ liệu của người dân.",
        "Đặt tất cả trong thân.",
    ),
    "events.understood": Explained(
        "Mọi sự kiện đều hiểu được: từ trạng thái có ánh xạ, ngày giờ có múi giờ",
        "Cái không hiểu được thì bị cách ly, và hồ sơ giữ nguyên cho đến khi có người xem.",
        "Gửi `occurred_at` và các ngày khác như 2026-11-26T08:00:00+07:00; cho ánh xạ từ trạng thái mới trước khi "
        "dùng.",
    ),
    "events.times": Explained(
        "Hai thay đổi của một hồ sơ có hai thời điểm, hoặc hai số thay đổi",
        "Hai trạng thái cùng một thời điểm thì không ai biết cái nào sau: trục hỏi hệ thống của bạn, hoặc giữ một cái.",
        "Lấy `occurred_at` từ chính thay đổi, có giây và phần lẻ; không bao giờ là ngày, hay lúc gửi.",
    ),
    "events.order": Explained(
        "Thay đổi của một hồ sơ đến theo thứ tự xảy ra",
        "Trục sắp chúng theo thời gian nên không mất gì; nhưng người dân được báo trạng thái sau trước.",
        "Gửi các sự kiện của một hồ sơ lần lượt, và cái bị hỏng trước những cái theo sau nó.",
    ),
    "ids.unique": Explained(
        "Một id chỉ một sự kiện, mãi mãi",
        "Dưới một id đã biết, sự kiện khác bị từ chối bằng 409: nó mất cho đến khi có người xem.",
        "Tạo id một lần, khi tạo sự kiện, và lưu cùng sự kiện: một UUID, hoặc mã hồ sơ và số thay đổi.",
    ),
    "retry.again": Explained(
        "Sau 500, nó gửi lại y nguyên, cùng id",
        "Trục có lúc khởi động lại, mạng có lúc đứt. Gửi một lần rồi quên là mất; còn gửi với id mới là làm hai lần.",
        "Lưu sự kiện trước khi gửi (một bảng là đủ), và gửi đến khi được trả 2xx: sau 5 giây, 5 phút, nửa giờ, và cứ "
        "thế trong ba ngày.",
    ),
    "retry.signed": Explained(
        "Mỗi lần thử được ký mới, với giờ của lần ấy",
        "Nửa giờ sau, chữ ký đầu đã quá cũ, và lần thử nào cũng bị từ chối.",
        "Lấy giờ và ký trong hàm gửi, không phải trong hàm tạo sự kiện.",
    ),
    "retry.patience": Explained(
        "Nó chờ câu trả lời chậm",
        "Khi tải cao, câu trả lời có thể mất vài giây. Ai ngắt giữa chừng sẽ gửi lại cái đã đến từ lâu.",
        "Thời gian chờ từ 15 đến 30 giây.",
    ),
    "retry.pause": Explained(
        "Sau 429 nó gửi lại, và chờ đủ như Retry-After nêu",
        "Bên gửi cứ gửi tiếp sẽ làm bận cái đang xin nghỉ, và mỗi lần bị từ chối lâu hơn.",
        "Đọc Retry-After (giây) của 429 và 503, và không thử lại sớm hơn.",
    ),
    "retry.ends": Explained(
        "Cái đã được trả 2xx thì không gửi lại",
        "Ở đây không hại gì, vì một id chỉ nhận một lần; nhưng đó là dấu hiệu câu trả lời không được đọc.",
        "Đánh dấu sự kiện là đã gửi ngay ở bước đọc câu trả lời; mọi 2xx đều tính, cả 202.",
    ),
}
