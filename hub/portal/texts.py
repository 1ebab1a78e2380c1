"""Every sentence citizens read, Vietnamese and English side by side.

Written for people who seldom use computers: short sentences, no office words, always who does what next.
"""

from typing import Literal, NamedTuple

from contracts.dossier import StaleReason
from contracts.status import DossierStatus

Lang = Literal["vi", "en"]

#: Who has to do something now: "nobody" when the dossier is over, "unclear" when we cannot say.
Turn = Literal["agency", "citizen", "nobody", "unclear"]

EXAMPLE_CODE = "H21.20-261123-0007"


class Text(NamedTuple):
    vi: str
    en: str

    def say(self, lang: Lang, **values: object) -> str:
        return (self.en if lang == "en" else self.vi).format(**values)


# --- the page around the answer -------------------------------------------------------------------

PAGE = {
    "province": Text("Tỉnh Gia Lai", "Gia Lai Province"),
    "service": Text("Tra cứu hồ sơ", "Dossier look-up"),
    "skip": Text("Đến nội dung chính", "Skip to main content"),
    "other_language": Text("English", "Tiếng Việt"),
    "heading": Text("Hồ sơ của ông/bà đến đâu rồi?", "How far has your dossier got?"),
    "intro": Text(
        "Nhập mã hồ sơ để xem hồ sơ đang ở đâu và ông/bà cần làm gì tiếp. Không cần tài khoản.",
        "Enter the dossier code to see where it is and what you need to do next. No account needed.",
    ),
    "field": Text("Mã hồ sơ", "Dossier code"),
    "hint": Text(
        "Ví dụ {example}. Viết hoa hay viết thường đều được.",
        "For example {example}. Capitals or small letters, both work.",
    ),
    "submit": Text("Tra cứu", "Look up"),
    "again": Text("Tra cứu hồ sơ khác", "Look up another dossier"),
    "where": Text("Mã hồ sơ nằm ở đâu?", "Where is the code?"),
    "where_text": Text(
        "Mã nằm ngay dưới tên tờ giấy hẹn mà cơ quan đưa khi nhận hồ sơ. Nếu nộp qua mạng, mã có trong tin "
        "nhắn hoặc thư điện tử báo đã nhận hồ sơ.",
        "It stands right under the title of the receipt slip you were given. If you applied online, it is "
        "in the text message or e-mail that confirmed your dossier.",
    ),
    "slip_office": Text("Bộ phận tiếp nhận và trả kết quả", "Bộ phận tiếp nhận và trả kết quả"),
    "slip_title": Text("Giấy tiếp nhận hồ sơ và hẹn trả kết quả", "Giấy tiếp nhận hồ sơ và hẹn trả kết quả"),
    "slip_code": Text("Mã hồ sơ", "Mã hồ sơ"),
    "slip_label": Text(
        "Hình mẫu giấy hẹn: mã hồ sơ ở dòng ngay dưới tên giấy.",
        "A sample slip: the code is on the line right under the title.",
    ),
    "problem": Text("Chưa tra cứu được", "There is a problem"),
    "correct": Text("Sửa mã hồ sơ", "Correct the dossier code"),
    "error_prefix": Text("Lỗi", "Error"),
    "several": Text("Có {count} hồ sơ mang mã này", "{count} dossiers have this code"),
    "several_text": Text(
        "Hãy xem tên cơ quan và thủ tục để biết hồ sơ nào là của ông/bà.",
        "See from the agency and the procedure which one is yours.",
    ),
    "facts": Text("Thông tin hồ sơ", "About this dossier"),
    "official_status": Text("Trạng thái", "Status"),
    "phone": Text("Điện thoại", "Phone"),
    "procedure": Text("Thủ tục", "Procedure"),
    "agency": Text("Cơ quan giải quyết", "Agency"),
    "former_agencies": Text("Cơ quan giải quyết trước đây", "Handled before by"),
    "submitted": Text("Ngày nộp", "Handed in"),
    "received": Text("Ngày tiếp nhận", "Received"),
    "due": Text("Ngày hẹn trả kết quả", "Promised by"),
    "finished": Text("Ngày có kết quả", "Finished"),
    "stale": Text("Thông tin này có thể chưa mới", "This may be out of date"),
    "timeline": Text("Các bước đã qua", "Steps so far"),
    "call": Text("Gọi cơ quan: {phone}", "Call {phone}"),
    "not_known": Text("Cơ quan chưa cho biết", "Not given by the agency"),
    "full": Text("Hồ sơ này là của ông/bà?", "Is this your dossier?"),
    "full_link": Text("Xem đầy đủ", "See everything"),
    "full_heading": Text("Xem đầy đủ hồ sơ", "See the whole dossier"),
    "full_intro": Text(
        "Tên người nộp và ghi chú của cán bộ chỉ người nộp được xem.",
        "Only the applicant may see whose dossier it is and what the officer wrote.",
    ),
    "full_field": Text("Sáu số cuối", "Last six digits"),
    "full_hint": Text(
        "Sáu số cuối của số điện thoại hoặc số căn cước đã ghi khi nộp hồ sơ, ví dụ 482 913.",
        "The last six digits of the phone or identity number given with the dossier, such as 482 913.",
    ),
    "full_submit": Text("Xem hồ sơ", "Show it"),
    "back": Text("Quay lại", "Back"),
    "own": Text("Người nộp", "Applicant"),
    "applicant": Text("Họ và tên", "Name"),
    "applicant_number": Text("Số định danh hoặc mã số thuế", "Identity or tax number"),
    "applicant_phone": Text("Số điện thoại", "Phone number"),
    "applicant_email": Text("Thư điện tử", "E-mail"),
    "national_code": Text("Mã hồ sơ quốc gia", "National dossier code"),
    "note": Text("Ghi chú của cán bộ", "The officer's note"),
    "footer": Text(
        "Trang này không hỏi mật khẩu, số tài khoản và không thu tiền.",
        "This page never asks for passwords or account numbers and takes no money.",
    ),
}

AS_OF = Text("Thông tin đến {moment}, do {agency} cung cấp.", "As of {moment}, given by {agency}.")

RAW = Text("Cơ quan ghi: “{word}”", "The agency's word: “{word}”")
HEARD = Text("Trang này biết lúc {moment}", "Known here since {moment}")

# --- what each status means -----------------------------------------------------------------------


class StatusWords(NamedTuple):
    turn: Turn
    headline: Text
    #: What happens next; `steps` are what the citizen does, one after the other.
    now: Text
    steps: tuple[Text, ...] = ()


TURN: dict[Turn, Text] = {
    "agency": Text("Ông/bà chưa phải làm gì", "Nothing for you to do yet"),
    "citizen": Text("Ông/bà cần làm", "You need to act"),
    "nobody": Text("Hồ sơ đã kết thúc", "This dossier is closed"),
    "unclear": Text("Tình trạng chưa rõ", "Not clear yet"),
}

STATUS: dict[DossierStatus, StatusWords] = {
    DossierStatus.NEW: StatusWords(
        "agency",
        Text("Hồ sơ đã gửi, đang chờ tiếp nhận", "Sent, waiting to be received"),
        Text(
            "Cơ quan sẽ kiểm tra giấy tờ và trả lời trong 8 giờ làm việc. Nếu thiếu giấy tờ, cơ quan sẽ báo.",
            "The agency checks your papers and answers within 8 working hours. If something is missing it tells you.",
        ),
    ),
    DossierStatus.RECEIVED: StatusWords(
        "agency",
        Text("Hồ sơ đã được tiếp nhận", "Your dossier has been received"),
        Text(
            "Cơ quan sẽ giải quyết hồ sơ. Ông/bà hãy giữ giấy hẹn để nhận kết quả.",
            "The agency will work on it. Keep the receipt slip: you need it to collect the result.",
        ),
    ),
    DossierStatus.NOT_RECEIVED: StatusWords(
        "citizen",
        Text("Hồ sơ không được tiếp nhận", "Your dossier was not accepted"),
        Text("Cơ quan sẽ không giải quyết hồ sơ này.", "The agency will not work on this dossier."),
        (
            Text(
                "Xem lý do trong phiếu từ chối hoặc tin nhắn cơ quan đã gửi.",
                "Read the reason in the refusal slip or the message from the agency.",
            ),
            Text(
                "Nếu chưa rõ lý do, hãy hỏi cơ quan.",
                "If the reason is not clear, ask the agency.",
            ),
            Text(
                "Sửa hoặc thêm giấy tờ cho đúng rồi nộp lại thành hồ sơ mới.",
                "Put the papers right and hand them in again as a new dossier.",
            ),
        ),
    ),
    DossierStatus.PROCESSING: StatusWords(
        "agency",
        Text("Hồ sơ đang được giải quyết", "Your dossier is being worked on"),
        Text(
            "Cán bộ đang giải quyết hồ sơ. Nếu cần thêm giấy tờ, cơ quan sẽ báo cho ông/bà.",
            "An officer is working on it. If more papers are needed, the agency will tell you.",
        ),
    ),
    DossierStatus.SUPPLEMENT: StatusWords(
        "citizen",
        Text("Cần bổ sung giấy tờ", "More papers are needed"),
        Text(
            "Hồ sơ tạm dừng cho đến khi ông/bà nộp đủ giấy tờ.",
            "The dossier is on hold until you hand in the missing papers.",
        ),
        (
            Text(
                "Xem phiếu yêu cầu bổ sung hoặc tin nhắn của cơ quan để biết còn thiếu giấy tờ gì.",
                "See in the agency's request slip or message which papers are missing.",
            ),
            Text(
                "Nộp giấy tờ đó tại quầy đã nhận hồ sơ. Nếu đã nộp qua mạng thì bổ sung trên Cổng Dịch vụ "
                "công quốc gia.",
                "Hand them in at the counter where you applied. If you applied online, add them on the "
                "National Public Service Portal.",
            ),
            Text(
                "Chưa rõ cần giấy tờ gì thì hỏi cơ quan trước khi đi.",
                "If you are not sure what is needed, ask the agency before you go.",
            ),
        ),
    ),
    DossierStatus.PAYMENT: StatusWords(
        "citizen",
        Text("Cần nộp phí, lệ phí hoặc thuế", "A payment is needed"),
        Text(
            "Hồ sơ chờ ông/bà nộp tiền rồi mới được giải quyết tiếp.",
            "The dossier goes on once you have paid.",
        ),
        (
            Text(
                "Xem số tiền và nơi nộp trong thông báo của cơ quan.",
                "See the amount and where to pay in the agency's notice.",
            ),
            Text(
                "Nộp đúng nơi ghi trong thông báo và giữ biên lai.",
                "Pay only where the notice says, and keep the receipt.",
            ),
            Text(
                "Có người gọi điện đòi chuyển tiền thì đừng chuyển; hãy hỏi lại cơ quan.",
                "If somebody phones and asks for money, do not pay; ask the agency first.",
            ),
        ),
    ),
    DossierStatus.WITHDRAWN: StatusWords(
        "nobody",
        Text("Hồ sơ đã được yêu cầu rút", "Withdrawal was requested"),
        Text(
            "Cơ quan không giải quyết hồ sơ này nữa. Ông/bà nhận lại giấy tờ gốc tại nơi đã nộp. Nếu ông/bà "
            "không yêu cầu rút, hãy báo cơ quan ngay.",
            "The agency no longer works on it. Collect your original papers where you handed them in. If "
            "you did not ask for this, tell the agency at once.",
        ),
    ),
    DossierStatus.STOPPED: StatusWords(
        "nobody",
        Text("Hồ sơ đã dừng giải quyết", "Work on this dossier has stopped"),
        Text(
            "Lý do có trong thông báo của cơ quan. Nếu chưa nhận được thông báo, hãy hỏi cơ quan lý do và "
            "có thể nộp lại hay không.",
            "The agency's notice gives the reason. If you have not had one, ask the agency why, and whether "
            "you can apply again.",
        ),
    ),
    DossierStatus.DONE: StatusWords(
        "citizen",
        Text("Đã có kết quả", "The result is ready"),
        Text(
            "Mời ông/bà mang giấy hẹn và giấy tờ tùy thân đến quầy đã nộp hồ sơ để nhận. Nếu đã chọn nhận "
            "tại nhà hoặc qua mạng thì chờ kết quả gửi đến.",
            "Bring the receipt slip and your identity card to the counter where you applied. If you chose "
            "delivery by post or online, wait for it to arrive.",
        ),
    ),
    DossierStatus.RETURNED: StatusWords(
        "nobody",
        Text("Đã trả kết quả", "The result has been handed over"),
        Text(
            "Hồ sơ đã xong. Nếu ông/bà chưa nhận được kết quả, hãy hỏi cơ quan.",
            "All is done. If you have not got the result, ask the agency.",
        ),
    ),
}

#: For a status word of the agency's that nobody has translated yet.
UNKNOWN_STATUS = StatusWords(
    "unclear",
    Text("Cơ quan đang giữ hồ sơ", "The agency has your dossier"),
    Text(
        "Cơ quan vừa ghi một tình trạng mà trang này chưa đọc được. Muốn biết ngay, hãy hỏi cơ quan.",
        "The agency has noted a state this page cannot read yet. To know at once, ask the agency.",
    ),
)

# --- dates ----------------------------------------------------------------------------------------

WEEKDAYS = (
    Text("Thứ Hai", "Monday"),
    Text("Thứ Ba", "Tuesday"),
    Text("Thứ Tư", "Wednesday"),
    Text("Thứ Năm", "Thursday"),
    Text("Thứ Sáu", "Friday"),
    Text("Thứ Bảy", "Saturday"),
    Text("Chủ Nhật", "Sunday"),
)
# In English the month by its name: whether the day comes first is not the same everywhere.
DAY = Text("{weekday}, {at:%d/%m/%Y}", "{weekday} {at:%-d %B %Y}")
MOMENT = Text("{at:%H:%M} ngày {at:%d/%m/%Y}", "{at:%H:%M} on {at:%-d %B %Y}")

DUE_IN = Text("còn {days} ngày", "in {days} days")
DUE_TOMORROW = Text("ngày mai", "tomorrow")
DUE_TODAY = Text("hôm nay", "today")
DUE_PAUSED = Text(
    "sẽ được hẹn lại sau khi ông/bà làm xong phần của mình", "a new date is set once you have done your part"
)
LATE = Text(
    "Rất tiếc, hồ sơ đã quá ngày hẹn {days} ngày. Ông/bà được nhận giấy xin lỗi và ngày hẹn mới; nếu chưa "
    "có, hãy hỏi cơ quan.",
    "We are sorry: this dossier is {days_en} past the promised date. You are entitled to a letter of "
    "apology with a new date; if you have none, ask the agency.",
)
FINISHED_LATE = Text(
    "Kết quả có sau ngày hẹn {days} ngày. Rất tiếc vì sự chậm trễ này.",
    "The result came {days_en} after the promised date. We are sorry for the delay.",
)

# --- when the answer may be old -------------------------------------------------------------------

STALE: dict[StaleReason | None, Text] = {
    "not_synced_yet": Text(
        "Trang này đang đọc hồ sơ của {agency} lần đầu và chưa xong. Xin xem lại sau, hoặc hỏi cơ quan.",
        "This page is reading {agency}'s dossiers for the first time and has not finished. Look again "
        "later, or ask the agency.",
    ),
    "agency_failing": Text(
        "Máy của {agency} đang không trả lời, nên có thể có thay đổi mà trang này chưa biết. Xin xem lại "
        "sau vài giờ; nếu gấp, hãy hỏi cơ quan.",
        "{agency}'s system is not answering, so something may have changed that this page does not know. "
        "Look again in a few hours; if it is urgent, ask the agency.",
    ),
    "sync_late": Text(
        "Lần cập nhật từ {agency} đang chậm hơn thường lệ. Xin xem lại sau ít phút; nếu gấp, hãy hỏi cơ quan.",
        "News from {agency} is coming later than usual. Look again in some minutes; if it is urgent, ask the agency.",
    ),
    "agency_disabled": Text(
        "{agency} hiện không gửi thông tin đến trang này. Muốn biết tình trạng hôm nay, hãy hỏi cơ quan.",
        "{agency} sends no news to this page at present. To know how things stand today, ask the agency.",
    ),
    "agency_slow": Text(
        "Trang này vừa hỏi {agency} nhưng chưa có trả lời. Xin mở lại trang sau ít giây để xem tin mới.",
        "This page has just asked {agency} and has no answer yet. Open it again in some seconds for the latest.",
    ),
    "agency_closed": Text(
        "Máy của {agency} chỉ trả lời trong giờ làm việc. Xin xem lại vào giờ làm việc.",
        "{agency}'s system answers in office hours only. Look again then.",
    ),
    "budget_spent": Text(
        "Hiện có quá nhiều người hỏi {agency}, nên trang này chưa hỏi lại được. Xin xem lại sau.",
        "{agency} is being asked by too many people just now. Look again later.",
    ),
    "cannot_be_asked": Text(
        "Trang này không hỏi trực tiếp {agency} được, mà chờ cơ quan gửi tin. Nếu gấp, hãy hỏi cơ quan.",
        "This page cannot ask {agency} directly and waits for its news. If it is urgent, ask the agency.",
    ),
    "agency_has_none": Text(
        "{agency} vừa trả lời là máy của cơ quan không còn hồ sơ này. Dưới đây là tình trạng sau cùng trang này biết. "
        "Xin hãy hỏi cơ quan.",
        "{agency} has just answered that its system does not have this dossier any more. Below is what this page last "
        "knew. Please ask the agency.",
    ),
    None: Text(
        "Đã lâu trang này chưa nhận được tin từ {agency}. Nếu gấp, hãy hỏi cơ quan.",
        "This page has not heard from {agency} for a while. If it is urgent, ask the agency.",
    ),
}

# --- when there is no answer ----------------------------------------------------------------------

NOT_FOUND = Text("Không tìm thấy hồ sơ mang mã này", "No dossier with this code was found")
NOT_FOUND_HELP = (
    Text("So lại từng chữ, từng số với giấy hẹn.", "Compare each letter and digit with your receipt slip."),
    Text(
        "Hồ sơ vừa nộp có thể cần vài phút mới hiện ở đây.",
        "A dossier handed in just now may take some minutes to show here.",
    ),
    Text(
        "Nếu vẫn không thấy, hãy hỏi nơi đã nhận hồ sơ; giấy hẹn có số điện thoại.",
        "If it still does not show, ask the office that took it; its phone number is on the slip.",
    ),
)
NOT_ANSWERING_TEXT = Text(
    "Trang này chưa biết hồ sơ này, và máy của cơ quan chưa trả lời. Hồ sơ không bị ảnh hưởng. Xin thử lại sau ít "
    "phút.",
    "This page does not know this dossier yet, and the agency's system has not answered. Your dossier is not affected. "
    "Please try again in a few minutes.",
)
FULL_DIGITS = Text("Hãy nhập đủ sáu chữ số.", "Enter six digits.")
FULL_REFUSED = Text(
    "Các số này chưa khớp với hồ sơ, hoặc cơ quan không ghi số điện thoại và số căn cước. Hãy thử số khác, hoặc hỏi "
    "cơ quan.",
    "These digits do not match the dossier, or the agency has noted neither phone nor identity number. Try another "
    "number, or ask the agency.",
)
TOO_MANY_TRIES_TEXT = Text(
    "Mã hồ sơ này đã được thử quá nhiều lần. Xin chờ {wait} rồi thử lại, hoặc hỏi cơ quan.",
    "It was tried too often for this code. Please wait {wait} and try again, or ask the agency.",
)
TOO_MUCH = Text("Xin chờ một chút", "Please wait a moment")
TOO_MUCH_TEXT = Text(
    "Từ mạng của ông/bà vừa có nhiều lần tra cứu không đúng mã, hoặc nhiều hồ sơ khác nhau. Xin chờ {wait} rồi tra cứu "
    "lại.",
    "There were many look-ups from your network of wrong codes, or of many different dossiers. Please wait {wait} and "
    "look up again.",
)


def wait(seconds: int) -> Text:
    """ "3 phút" for 130 s: in minutes from one minute on, rounded up."""
    if seconds < 60:
        return Text(f"{seconds} giây", f"{seconds} seconds")
    minutes = -(-seconds // 60)
    return Text(f"{minutes} phút", f"{minutes} minutes")


UNAVAILABLE = Text("Lúc này chưa tra cứu được", "The look-up is not working just now")
UNAVAILABLE_TEXT = Text(
    "Lỗi ở phía chúng tôi, không phải do ông/bà. Hồ sơ không bị ảnh hưởng. Xin thử lại sau ít phút.",
    "The fault is ours, not yours. Your dossier is not affected. Please try again in a few minutes.",
)

# --- what is wrong with a mistyped code -----------------------------------------------------------

MISTYPED = {
    "empty": Text("Hãy nhập mã hồ sơ.", "Enter the dossier code."),
    "too_long": Text(
        "Mã này dài quá: {count} ký tự. Mã hồ sơ dài không quá 30 ký tự. Hãy chỉ nhập mã, không nhập thêm chữ khác.",
        "This is too long: {count} characters. A code has at most 30. Enter the code alone, without other words.",
    ),
    "characters": Text(
        "Ký tự “{characters}” không có trong mã hồ sơ. Mã chỉ có chữ cái, chữ số, dấu chấm và dấu gạch ngang.",
        "“{characters}” does not occur in dossier codes. They hold only letters, digits, dots and dashes.",
    ),
    "phone": Text(
        "Đây có vẻ là số điện thoại. Hãy nhập mã hồ sơ ghi trên giấy hẹn.",
        "This looks like a phone number. Enter the dossier code from your receipt slip.",
    ),
    "identity": Text(
        "Đây có vẻ là số căn cước. Trang này không cần số căn cước; hãy nhập mã hồ sơ ghi trên giấy hẹn.",
        "This looks like an identity number. It is not needed here; enter the dossier code from your receipt slip.",
    ),
    "procedure": Text(
        "“{part}” là mã thủ tục, không phải mã hồ sơ. Mã hồ sơ có dạng {example}.",
        "“{part}” is the code of a procedure, not of a dossier. A dossier code looks like {example}.",
    ),
    "one_part": Text(
        "Mã còn thiếu. Mã hồ sơ có ba phần nối bằng dấu gạch ngang, như {example}.",
        "The code is not complete. It has three parts joined by dashes, such as {example}.",
    ),
    "no_agency": Text(
        "Thiếu phần đầu: mã cơ quan, như H21.20, đứng trước “{part}”.",
        "The first part is missing: the agency's code, such as H21.20, stands before “{part}”.",
    ),
    "no_day": Text(
        "Thiếu phần giữa: sáu chữ số của ngày nộp hồ sơ, theo thứ tự năm, tháng, ngày. Ví dụ 261123 là ngày "
        "23/11/2026.",
        "The middle part is missing: six digits for the day it was filed, as year, month, day. 261123 is 23/11/2026.",
    ),
    "no_number": Text(
        "Thiếu phần cuối: bốn chữ số sau “{part}”, như 0007.",
        "The last part is missing: four digits after “{part}”, such as 0007.",
    ),
    "too_many_parts": Text(
        "Mã này có {count} phần; mã hồ sơ chỉ có ba phần, như {example}.",
        "This has {count} parts; a dossier code has three, such as {example}.",
    ),
    "agency": Text(
        "Phần đầu “{part}” chưa đúng. Đó là mã cơ quan: chữ H hoặc G và các số, như H21.20 hoặc 000.00.20.H21.",
        "The first part “{part}” is not right. It is the agency's code: H or G and numbers, such as H21.20 "
        "or 000.00.20.H21.",
    ),
    "day_length": Text(
        "Phần giữa “{part}” phải có đúng sáu chữ số: năm, tháng, ngày nộp hồ sơ. Ví dụ 261123 là ngày 23/11/2026.",
        "The middle part “{part}” must be exactly six digits: year, month and day of filing. 261123 is 23/11/2026.",
    ),
    "day_order": Text(
        "Phần giữa “{part}” phải viết năm trước và chỉ có sáu chữ số. Ông/bà thử “{better}”.",
        "The middle part “{part}” puts the year first and has six digits only. Try “{better}”.",
    ),
    "month": Text(
        "Phần giữa “{part}”: không có tháng {month}. Sáu chữ số này là năm, tháng, ngày nộp hồ sơ.",
        "Middle part “{part}”: there is no month {month}. The six digits are year, month and day of filing.",
    ),
    "day": Text(
        "Phần giữa “{part}”: tháng {month} không có ngày {day}. Sáu chữ số này là năm, tháng, ngày nộp hồ sơ.",
        "Middle part “{part}”: month {month} has no day {day}. The six digits are year, month and day of filing.",
    ),
    "future": Text(
        "Phần giữa “{part}” là ngày {date}, ngày này chưa tới. Sáu chữ số này là năm, tháng, ngày nộp hồ sơ.",
        "The middle part “{part}” means {date}, which has not come yet. The six digits are year, month and "
        "day of filing.",
    ),
    "number": Text(
        "Phần cuối “{part}” phải là bốn chữ số, như 0007.",
        "The last part “{part}” must be four digits, such as 0007.",
    ),
}
