"""What of a record could not be understood: the causes in the quarantine, and what a conversion makes of a value."""

SENTENCES = {
    # Of a delivery that is to be read again.
    "the bytes of this delivery are kept no more": "nội dung của lần gửi này không còn được giữ",
    "agency $agency is not enabled now": "cơ quan $agency hiện không được bật",
    "A record is $kind, not an object with fields.": "Bản ghi là $kind, không phải đối tượng có các trường.",
    "Dossier $code has nothing in $field ($place), and needs it.": (
        "Hồ sơ $code không có gì ở $field ($place), mà cần có."
    ),
    "A record has nothing in $field ($place), and needs it.": ("Một bản ghi không có gì ở $field ($place), mà cần có."),
    "Dossier $code holds $value in $field ($place): $why.": "Hồ sơ $code có $value ở $field ($place): $why.",
    "A record holds $value in $field ($place): $why.": "Một bản ghi có $value ở $field ($place): $why.",
    "Dossier $code has a $field that cannot be read: $why.": "Hồ sơ $code có $field không đọc được: $why.",
    "A record has a $field that cannot be read: $why.": "Một bản ghi có $field không đọc được: $why.",
    (
        "Dossier $code has the status word $word in $place, which the agency's `statuses` do not hold: give it one of "
        "the ten national codes there."
    ): (
        "Hồ sơ $code có từ trạng thái $word ở $place, mà `statuses` của cơ quan chưa có: hãy gán cho từ đó một trong "
        "mười mã trạng thái quốc gia."
    ),
    (
        "A record has the status word $word in $place, which the agency's `statuses` do not hold: give it one of the "
        "ten national codes there."
    ): (
        "Một bản ghi có từ trạng thái $word ở $place, mà `statuses` của cơ quan chưa có: hãy gán cho từ đó một trong "
        "mười mã trạng thái quốc gia."
    ),
    "Dossier $code": "Hồ sơ $code",
    "A record": "Một bản ghi",
    "(personal)": "(dữ liệu cá nhân)",
    "the constant $value": "giá trị cố định $value",
    "a constant": "giá trị cố định",
    "it does not fit": "không đúng dạng",
    # Texts and numbers.
    "a text must not hold a NUL character": "văn bản không được có ký tự NUL",
    "a text must not hold half of a character": "văn bản không được có nửa ký tự",
    "a text of $letters letters is too long; $most fit": "văn bản $letters chữ là quá dài; vừa được $most",
    "the agency's contract promises $kind, and it is none": "tài liệu của cơ quan hứa là $kind, mà không phải",
    "$kind is not an object": "$kind không phải đối tượng",
    "$kind is not text": "$kind không phải văn bản",
    "the code table has no such word; it has $words": "bảng mã không có từ này; chỉ có $words",
    "a revision is a whole number from 0 to 2**63 - 1": "số thứ tự thay đổi là số nguyên từ 0 đến 2**63 - 1",
    "$kind is not a whole number": "$kind không phải số nguyên",
    "that is not a whole number": "đó không phải số nguyên",
    # Dates.
    "$value is not a date in $formats: $why": "$value không phải ngày viết theo $formats: $why",
    "$value is not a date in $formats": "$value không phải ngày viết theo $formats",
    "it names no time zone, such as +07:00": "không ghi múi giờ, như +07:00",
    "year $year is out of range": "năm $year nằm ngoài khoảng cho phép",
    "there is no hour $hour by twelve": "không có giờ $hour theo đồng hồ 12 giờ",
    "$format is no date format: $piece is not known": "$format không phải dạng ngày: không hiểu $piece",
    "$format is no date format: it needs a year, a month and a day, each part once": (
        "$format không phải dạng ngày: cần năm, tháng và ngày, mỗi phần một lần"
    ),
    "$format is no date format: an hour by twelve (h) needs tt, and tt needs it": (
        "$format không phải dạng ngày: giờ theo 12 giờ (h) cần tt, và tt cần h"
    ),
    # Expressions.
    "$expression cannot be applied ($kind)": "$expression không áp dụng được ($kind)",
    "$expression is not a JMESPath expression: $why": "$expression không phải biểu thức JMESPath: $why",
    "$expression is no JMESPath expression$where: $why": "$expression không phải biểu thức JMESPath$where: $why",
    ", at character $number ($text)": ", ở ký tự thứ $number ($text)",
    "$expression calls $name, which is no function; $hint": "$expression gọi $name, không phải tên hàm; $hint",
    (
        "$expression looks into what `!` makes of a name, which is true or false and holds nothing: JMESPath reads "
        "!a.b as (!a).b; write !(a.b)"
    ): (
        "$expression nhìn vào kết quả của `!` trên một tên, vốn chỉ là đúng hoặc sai: JMESPath hiểu !a.b là (!a).b; "
        "hãy viết !(a.b)"
    ),
    "$expression repeats what it is given too many times over": "$expression lặp lại dữ liệu quá nhiều lần",
    # Whole bodies that were pushed.
    "JSON in UTF-8": "JSON, UTF-8",
    "not JSON: nested too deeply, or one name for two objects": (
        "không phải JSON: lồng nhau quá sâu, hoặc một tên cho hai đối tượng"
    ),
    "not JSON: byte $byte is not UTF-8": "không phải JSON: byte $byte không phải UTF-8",
    "not JSON at line $line, column $column": "không phải JSON ở dòng $line, cột $column",
    "no event at $place": "không có sự kiện nào ở $place",
    "1 to $most events there": "1 đến $most sự kiện ở đó",
    "a list of $number": "danh sách $number sự kiện",
    "1 to $most events in one body": "từ 1 đến $most sự kiện trong một lần gửi",
    "missing, or not text": "thiếu, hoặc không phải văn bản",
    "yours, unique for ever, in each event of a list": "mã riêng, mãi mãi duy nhất, ở mỗi sự kiện của danh sách",
    "not an object": "không phải đối tượng",
    "missing or not text": "thiếu hoặc không phải văn bản",
    "missing or not an object": "thiếu hoặc không phải đối tượng",
    "the dossier after the change": "hồ sơ sau thay đổi",
    "an attribute that each CloudEvent has": "thuộc tính mà CloudEvent nào cũng có",
    "data in base64": "dữ liệu ở dạng base64",
    "the dossier as JSON, in `data`": "hồ sơ ở dạng JSON, trong `data`",
    "no $format that can be read": "không phải $format đọc được",
    "whole, valid $format": "$format trọn vẹn, đúng chuẩn",
    "nothing at $place that names the event": "không có gì ở $place để gọi tên sự kiện",
    "a text or a number": "văn bản hoặc số",
    "$expression cannot be applied to it": "không áp dụng được $expression",
    "the shape that the spec tells": "dạng mà bản mô tả ghi",
}
