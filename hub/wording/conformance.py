"""What `hub conform` saw of an agency's system or its sender."""

SENTENCES = {
    "it was not reached": "không kết nối được",
    # Why there is no report.
    "there is no spec $name: give a YAML file, or one of $known": (
        "không có bản mô tả $name: hãy đưa một tệp YAML, hoặc một trong $known"
    ),
    "$text is no address such as $value": "$text không phải địa chỉ như $value",
    "$name has no system that is asked over HTTP": "$name không có hệ thống nào để hỏi qua HTTP",
    "$name has no `webhook` in its spec": "bản mô tả của $name không có `webhook`",
    "cannot listen on $address: $why; choose another with --port": (
        "không nghe được ở $address: $why; hãy chọn cổng khác bằng --port"
    ),
    "Address already in use": "địa chỉ đang có chương trình khác dùng",
    "$why (`hub adapter check $name` explains all)": "$why (`hub adapter check $name` giải thích hết)",
    # What was asked, and what came.
    "$text: HTTP $status in $seconds s. $why": "$text: HTTP $status sau $seconds giây. $why",
    "$text: HTTP $status in $seconds s": "$text: HTTP $status sau $seconds giây",
    "$text: no answer, $seconds s. $why": "$text: không có câu trả lời, $seconds giây. $why",
    "$text: no answer, $seconds s": "$text: không có câu trả lời, $seconds giây",
    "nothing was sent. $why": "không gửi gì. $why",
    "nothing was sent": "không gửi gì",
    "$name: $problem; right is: $expected": "$name: $problem; đúng là: $expected",
    # The line.
    "the spec has neither a list nor a look-up, or no code is known: give --code": (
        "bản mô tả không có danh sách cũng không có tra cứu, hoặc chưa biết mã nào: hãy thêm --code"
    ),
    "http, in a private network": "http, trong mạng riêng",
    "$address is http": "$address là http",
    "there is no TLS": "không có TLS",
    "no connection came about; see line.reached": "không kết nối được; xem line.reached",
    "it ends on $date, in $days days": "hết hạn ngày $date, còn $days ngày",
    "our certificate shows who we are": "chứng thư của trục cho biết trục là ai",
    "no dossier could be looked up": "không tra được hồ sơ nào",
    "$line, and no key was sent with it": "$line, mà không gửi khóa nào",
    "$line, with a wrong key": "$line, với khóa sai",
    "$seconds s off": "lệch $seconds giây",
    "$number texts": "$number đoạn văn bản",
    "$number errors": "$number lỗi",
    "there was no answer": "không có câu trả lời",
    "there is no Date header": "không có tiêu đề Date",
    "the Date header holds no date": "tiêu đề Date không phải ngày giờ",
    "the slowest of $number: $seconds s": "chậm nhất trong $number lần: $seconds giây",
    "the spec allows one call at a time": "bản mô tả chỉ cho gọi từng cuộc một",
    "$number at once: $code was answered with another $fields than alone": (
        "$number cuộc cùng lúc: $code được trả $fields khác khi hỏi riêng"
    ),
    "$number look-ups, $together at once": "$number lần tra, $together cùng lúc",
    "$some of $all fast look-ups failed: $why": "$some trên $all lần tra nhanh bị hỏng: $why",
    "$some of $all fast look-ups were told to wait": "$some trên $all lần tra nhanh được bảo chờ",
    "it answered 429 without Retry-After": "trả 429 mà không có Retry-After",
    "it was not asked too much; --press 200 asks 200 times as fast as it goes": (
        "chưa bị hỏi quá nhiều; --press 200 hỏi 200 lần nhanh hết mức"
    ),
    "no dossier was read": "chưa đọc được hồ sơ nào",
    "letters with loose marks: $value": "chữ có dấu rời: $value",
    "no error was answered": "chưa có lỗi nào được trả",
    "$line: a web page": "$line: một trang web",
    # The list.
    "$why ($number such)": "$why ($number chỗ như vậy)",
    "in pages of $size, $why": "khi mỗi trang $size dòng, $why",
    "page $number: $text: HTTP $status in $seconds s. $why": (
        "trang $number: $text: HTTP $status sau $seconds giây. $why"
    ),
    "page $number: $text: no answer, $seconds s. $why": (
        "trang $number: $text: không có câu trả lời, $seconds giây. $why"
    ),
    "page $number: nothing was sent. $why": "trang $number: không gửi gì. $why",
    "$rows rows on $pages pages": "$rows dòng trên $pages trang",
    "the largest: $number kB": "trang lớn nhất: $number kB",
    "$number numbers": "$number số",
    "$field of $code holds $value": "$field của $code có $value",
    "the spec has no list of changes": "bản mô tả không có danh sách thay đổi",
    "the list is empty": "danh sách trống",
    "$rows rows on $pages pages, and then we stopped": "$rows dòng trên $pages trang, rồi dừng đọc",
    "no row has a status": "không dòng nào có trạng thái",
    "$code is said to change $hours hours from now": "$code ghi là sẽ đổi sau $hours giờ nữa",
    "$field of $code is $date, which cannot be": "$field của $code là $date, không thể đúng",
    "no row says when it changed": "không dòng nào cho biết đổi lúc nào",
    "all $number are full hours or days": "cả $number đều là giờ chẵn hoặc chỉ có ngày",
    "asking a queue for its second page would tell it that the first one is stored": (
        "hỏi trang thứ hai của hàng đợi là báo rằng trang đầu đã được lưu"
    ),
    "fewer than 4 dossiers, or pages whose size we cannot choose": "ít hơn 4 hồ sơ, hoặc không chọn được cỡ trang",
    "see list.reads": "xem list.reads",
    "see list.since": "xem list.since",
    "see list.reads: $why": "xem list.reads: $why",
    "all came on one page": "tất cả trên một trang",
    "$number rows came twice, such as $code": "$number dòng đến hai lần, như $code",
    "$number dossiers came in pages of one size and not of another, such as $code": (
        "$number hồ sơ có ở cỡ trang này mà không có ở cỡ kia, như $code"
    ),
    "$number dossiers, $pages pages; at most $crowded of one moment": (
        "$number hồ sơ, $pages trang; nhiều nhất $crowded cùng một thời điểm"
    ),
    "$rows rows where $size were asked for": "$rows dòng khi hỏi $size",
    "since $moment: $number missing, all of that very moment, such as $code": (
        "từ $moment: thiếu $number, đều đúng vào thời điểm ấy, như $code"
    ),
    "since $moment: $number missing, all of the 7 hours after it, such as $code": (
        "từ $moment: thiếu $number, đều trong 7 giờ sau đó, như $code"
    ),
    "since $moment: $number missing, such as $code": "từ $moment: thiếu $number, như $code",
    "since $moment: $number rows of before, all within 7 hours: is local time taken for UTC?": (
        "từ $moment: $number dòng của trước đó, đều trong vòng 7 giờ: có phải giờ địa phương bị coi là UTC?"
    ),
    "since $moment: $number rows of before": "từ $moment: $number dòng của trước đó",
    "$number dossiers since $moment": "$number hồ sơ từ $moment",
    "the list is not asked for by time": "danh sách không được hỏi theo thời gian",
    "the list is not asked for up to a time": "danh sách không được hỏi đến một thời điểm",
    "fewer than 3 changes of different times": "ít hơn 3 thay đổi khác thời điểm",
    "fewer than 3 changes of different times, or too many to read": (
        "ít hơn 3 thay đổi khác thời điểm, hoặc quá nhiều để đọc hết"
    ),
    "until $moment: $number of before missing, such as $code": "đến $moment: thiếu $number của trước đó, như $code",
    "until $moment: $number of after, such as $code": "đến $moment: có $number của sau đó, như $code",
    "the list goes by time": "danh sách đi theo thời gian",
    "$number is the number of several rows": "$number là số của nhiều dòng",
    "fewer than 3 rows": "ít hơn 3 dòng",
    "the list cannot be asked for what there is none of": "không hỏi được danh sách về điều chắc chắn không có",
    # Look-ups.
    "the spec has no look-up": "bản mô tả không có tra cứu",
    "no code is known: the list gave none; give --code": "chưa biết mã nào: danh sách không có; hãy thêm --code",
    "no dossier was both listed and looked up": "không hồ sơ nào vừa được liệt kê vừa được tra",
    "$code changed at $one by the list, $other by the look-up": (
        "$code đổi lúc $one theo danh sách, $other theo tra cứu"
    ),
    "the second time: $why": "lần thứ hai: $why",
    "$code: changed at $one, then at $other": "$code: đổi lúc $one, rồi lại là $other",
    "$code: what it says of the dossier differs": "$code: điều nói về hồ sơ khác nhau",
    "$line, and a dossier in it": "$line, với một hồ sơ trong đó",
    "asked for $value: $text: HTTP $status in $seconds s. $why": (
        "hỏi $value: $text: HTTP $status sau $seconds giây. $why"
    ),
    "asked for $value: $text: no answer, $seconds s. $why": (
        "hỏi $value: $text: không có câu trả lời, $seconds giây. $why"
    ),
    "asked for $value: $line. The agency answered about another dossier than the one asked for.": (
        "hỏi $value: $line. Cơ quan trả về hồ sơ khác với hồ sơ được hỏi."
    ),
    "$number dossiers": "$number hồ sơ",
    "$number codes": "$number mã",
    "$code: not found": "$code: không có",
    "$code: $names differ": "$code: khác nhau ở $names",
    # Senders.
    "nothing came": "không có gì đến",
    "nothing came within $seconds s": "không có gì đến trong $seconds giây",
    "$number, of $names events or lists": "$number lần, của $names sự kiện hoặc danh sách",
    "nothing came that could be proved": "không có gì đến mà chứng minh được",
    "nothing came that was proved": "chưa có lần gửi nào được chứng minh",
    "nothing came that was understood": "chưa có lần gửi nào hiểu được",
    "at most $seconds s off": "lệch nhiều nhất $seconds giây",
    "the largest $number bytes": "lớn nhất $number byte",
    "$number events": "$number sự kiện",
    "$number ids": "$number id",
    "$number delivered": "$number lần gửi đã nhận",
    "after $seconds s": "sau $seconds giây",
    "no time is signed": "thời gian không được ký",
    "another format was agreed on": "đã thỏa thuận dạng khác",
    "Content-Type is $value": "Content-Type là $value",
    "a parameter $value was added": "có thêm tham số $value",
    "no event tells of a dossier; their types are $value": "không sự kiện nào nói về hồ sơ; các loại là $value",
    "no event was understood": "chưa hiểu được sự kiện nào",
    "$code has two states of $moment": "$code có hai trạng thái cùng lúc $moment",
    "no dossier changed twice while we listened": "không hồ sơ nào đổi hai lần trong lúc nghe",
    "$code: what happened at $later came after $earlier": "$code: việc xảy ra lúc $later đến sau $earlier",
    "$name came with another content": "$name đến với nội dung khác",
    "no event came to be answered so": "chưa có sự kiện nào để trả lời như vậy",
    "it came again as $name, and was $word": "nó đến lại dưới id $name, mà trước là $word",
    "$name was answered with $status, and did not come again while we listened ($seconds s)": (
        "$name được trả $status, và không đến lại trong lúc nghe ($seconds giây)"
    ),
    "$name: two tries have the same timestamp": "$name: hai lần thử có cùng webhook-timestamp",
    "no two tries were far enough apart": "không có hai lần thử nào đủ cách xa nhau",
    "it broke off after $seconds s": "nó ngắt sau $seconds giây",
    "it came after $seconds s of $asked": "nó đến sau $seconds giây, được bảo chờ $asked",
    "$name came again after $status": "$name đến lại sau khi được trả $status",
    "nothing was answered with 2xx": "chưa có gì được trả 2xx",
}
