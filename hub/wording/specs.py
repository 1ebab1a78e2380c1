"""What is wrong in an agency's spec, or works and had better be otherwise."""

SENTENCES = {
    # By the schema.
    "cannot be read: $why": "không đọc được: $why",
    "an agency is a mapping of keys to values, such as $example": (
        "cơ quan được ghi bằng các cặp khóa: giá trị, như $example"
    ),
    "there is no such key here": "ở đây không có khóa này",
    "there is no such key here; is $near meant?": "ở đây không có khóa này; có phải ý là $near?",
    "$what; is $near meant?": "$what; có phải ý là $near?",
    "is $near meant?": "có phải ý là $near?",
    "there is $known": "chỉ có $known",
    "none": "không gì cả",
    "$what; it must be given": "$what; phải ghi",
    "$what; put it in quotes": "$what; hãy đặt trong dấu ngoặc kép",
    "`kind: $kind` is not known; there is $known": "không có `kind: $kind`; chỉ có $known",
    "it needs a `kind`": "cần có `kind`",
    "`<<` is not taken; write the keys out": "không dùng `<<`; hãy viết các khóa ra",
    "the key $key is not text; put it in quotes": "khóa $key không phải văn bản; hãy đặt trong dấu ngoặc kép",
    "the key $key is given twice": "khóa $key được ghi hai lần",
    "a control character, which no text holds; take it out": "có ký tự điều khiển, hãy bỏ đi",
    "give five fields: minute, hour, day, month, days of the week": (
        "ghi năm phần: phút, giờ, ngày, tháng, các thứ trong tuần"
    ),
    "days of the week go by their names: mon, tue, wed, thu, fri, sat, sun": (
        "thứ trong tuần ghi bằng tên: mon, tue, wed, thu, fri, sat, sun"
    ),
    "give one of `every_seconds` and `cron`": "ghi một trong hai: `every_seconds` hoặc `cron`",
    "$word and $other are the same word once folded; keep one": (
        "$word và $other là một khi bỏ dấu và chữ hoa; giữ lại một"
    ),
    "operations need a `system` to call": "có thao tác thì phải có `system` để gọi",
    "a system of files is read as they come; it has no operations to ask for": (
        "hệ thống bằng tệp được đọc khi tệp đến; không có thao tác để hỏi"
    ),
    "files need a `mapping` for their records": "đọc tệp thì phải có `mapping` cho các bản ghi",
    "operations need a `mapping` for their records": "có thao tác thì phải có `mapping` cho các bản ghi",
    "`sync` needs operations.changes, or a system of files": "`sync` cần có operations.changes, hoặc hệ thống bằng tệp",
    "$name: a $kind system takes a $wanted": "$name: hệ thống $kind dùng $wanted",
    "$pages pages go by the time of change: they need mapping.occurred_at": (
        "chia trang kiểu $pages đi theo lúc thay đổi: cần mapping.occurred_at"
    ),
    "pages by revision need mapping.revision": "chia trang theo số thứ tự thay đổi cần mapping.revision",
    "an enabled agency needs a `system` or a `webhook`": "cơ quan đang bật phải có `system` hoặc `webhook`",
    "only a text takes a `table`": "chỉ văn bản mới dùng `table`",
    "a date needs `formats`, and only a date takes them": "ngày cần `formats`, và chỉ ngày mới dùng",
    "give one of `path`, `paths` and `constant`": "ghi một trong ba: `path`, `paths` hoặc `constant`",
    "unknown fact $name; known are $known": "không có trường hồ sơ $name; chỉ có $known",
    "$name needs `convert: $wanted`, not $given": "$name cần `convert: $wanted`, không phải $given",
    "a request has one body: `json_body`, `form_body` or `xml_body`": (
        "mỗi yêu cầu có một thân: `json_body`, `form_body` hoặc `xml_body`"
    ),
    (
        "`absent_fault` means nothing here, for only SOAP has faults; say by `absent_when`, which looks at answers of "
        "errors too, how it looks where there is no such dossier"
    ): (
        "`absent_fault` không có nghĩa ở đây, vì chỉ SOAP mới có fault; hãy ghi bằng `absent_when`, vốn xem cả câu trả "
        "lời lỗi, thế nào là không có hồ sơ"
    ),
    "a SOAP answer is no file: say in `content` where it is": (
        "câu trả lời SOAP không phải tệp: ghi ở `content` tệp nằm ở đâu"
    ),
    "nothing tells a text from a file: `answer.holds` is json or xml here": (
        "không thể phân biệt văn bản với tệp: ở đây `answer.holds` là json hoặc xml"
    ),
    "give one of `header` and `field`: where the token stands": (
        "ghi một trong hai, `header` hoặc `field`: mã bí mật nằm ở đâu"
    ),
    "`type` says where the type stands and `types` which tell of a dossier: give both or none": (
        "`type` ghi loại sự kiện nằm ở đâu, `types` ghi loại nào nói về hồ sơ: ghi cả hai hoặc không ghi"
    ),
    "`mutual_tls` takes no `secrets`: the fingerprints say who it is": (
        "`mutual_tls` không dùng `secrets`: dấu vân tay chứng thư đã cho biết là ai"
    ),
    "give at least one of `secrets`: the names under which the keys are kept": (
        "ghi ít nhất một tên trong `secrets`: tên giữ các khóa"
    ),
    "`events` of the agency's own shape need a `mapping` for their records": (
        "`events` theo dạng riêng của cơ quan cần `mapping` cho các bản ghi"
    ),
    "$zone is no time zone; here it is Asia/Ho_Chi_Minh": "$zone không phải múi giờ; ở đây là Asia/Ho_Chi_Minh",
    "`closes` must come after `opens`; give a span over midnight as two": (
        "`closes` phải sau `opens`; khoảng qua nửa đêm ghi thành hai"
    ),
    "a key goes in `headers`, `query` or `body`; here it goes nowhere": (
        "khóa đặt trong `headers`, `query` hoặc `body`; ở đây nó không đặt ở đâu cả"
    ),
    "grant `password` needs `username` and `password`": "grant `password` cần `username` và `password`",
    "grant `client_credentials` needs `client_secret`": "grant `client_credentials` cần `client_secret`",
    "a login has either a `json_body` or a `form_body`": "đăng nhập có `json_body` hoặc `form_body`, chỉ một",
    "`client_key` and `client_certificate` go together": "`client_key` và `client_certificate` phải đi cùng nhau",
    "give either `password` or `key`": "ghi `password` hoặc `key`, chỉ một",
    "`folder` is given without `..`": "`folder` không được có `..`",
    "`done` is the name of a folder in `folder`; $name cannot be": (
        "`done` là tên thư mục bên trong `folder`; không thể là $name"
    ),
    # What proves a delivery.
    "weaker than signatures by Standard Webhooks: $why": "yếu hơn chữ ký theo Standard Webhooks: $why",
    "no time is signed: a delivery that somebody has caught can be sent again, and is then a duplicate": (
        "không ký thời gian: ai bắt được một lần gửi có thể gửi lại, và nó thành bản trùng"
    ),
    "nothing is signed: whoever sees the token, and can send from these addresses, can say anything": (
        "không ký gì: ai thấy mã bí mật và gửi được từ các địa chỉ này thì nói gì cũng được"
    ),
    "the line is proved and not what comes over it: keep the deliveries if anybody may ever ask who said it": (
        "chỉ chứng minh đường truyền chứ không phải nội dung: hãy giữ các lần gửi nếu có lúc cần biết ai đã nói"
    ),
    "webhook.proof.field: $field is no plain path, as SecurityCode or head.token": (
        "webhook.proof.field: $field không phải đường dẫn đơn giản như SecurityCode hay head.token"
    ),
    # The spec as a whole, and its author.
    "this is the spec of $agency; write `id: $wanted`": "đây là bản mô tả của $agency; hãy ghi `id: $wanted`",
    "$name is no agency": "không có cơ quan $name",
    "once in config/agencies the file must be called $name": "khi đặt vào config/agencies, tệp phải có tên $name",
    "the spec at work does not name this secret; only who is for all agencies can add one": (
        "bản đang dùng không có bí mật này; chỉ người quản lý mọi cơ quan mới thêm được"
    ),
    "say why, for those who come after": "hãy ghi lý do cho người đến sau",
    "some were guessed, and nobody has looked at them: look at them below": (
        "có nghĩa do hub đoán mà chưa ai xem: hãy xem ở dưới"
    ),
    "its spec is none any more": "bản mô tả này không còn dùng được",
    # Dates, expressions, placeholders.
    "$wrong; write it as in dd/MM/yyyy HH:mm:ss, or iso": "$wrong; hãy viết như dd/MM/yyyy HH:mm:ss, hoặc iso",
    "$placeholder is personal and would stand in an address, which servers write into their logs; send it in a body": (
        "$placeholder là dữ liệu cá nhân, không được nằm trong địa chỉ, vì máy chủ ghi địa chỉ vào nhật ký; hãy gửi "
        "trong thân"
    ),
    "$name has $placeholder in its address, which servers log; it goes in a body": (
        "$name có $placeholder trong địa chỉ, mà máy chủ ghi nhật ký; hãy đặt trong thân"
    ),
    "$text has a brace that belongs to no placeholder": "$text có dấu ngoặc nhọn không thuộc chỗ điền nào",
    "$text names $placeholder, which has no meaning here; there is $known": (
        "$text có $placeholder, không có nghĩa ở đây; chỉ có $known"
    ),
    "only {secret:NAME}": "{secret:TÊN}",
    "$text gives $placeholder a format, which only dates take": (
        "$text ghi dạng cho $placeholder, mà chỉ ngày mới có dạng"
    ),
    "$text holds $placeholder, which is a list, and stands alone": (
        "$text có $placeholder, là một danh sách, phải đứng riêng"
    ),
    "`each_file` has no meaning here: only what is submitted has files": (
        "`each_file` không có nghĩa ở đây: chỉ hồ sơ nộp mới có tệp"
    ),
    "`each_file` stands alone in its mapping, in whose place the list comes": (
        "`each_file` phải đứng riêng trong cặp khóa của nó, danh sách sẽ thay vào đó"
    ),
    "`place` never names {token}, which then goes nowhere": "`place` không có {token}, nên mã truy cập không đi đâu",
    "the look-up's request never names {code}": "yêu cầu tra cứu không có {code}",
    "`asked_as` is $name, and `mapping.code` does not look there": (
        "`asked_as` là $name, mà `mapping.code` không đọc ở đó"
    ),
    "the acknowledgement's request names neither {codes} nor {batch}": (
        "yêu cầu báo nhận không có {codes} cũng không có {batch}"
    ),
    "the acknowledgement's request names {batch}, and `batch` does not say where that is": (
        "yêu cầu báo nhận có {batch}, mà `batch` không ghi nó ở đâu"
    ),
    "the result's request names neither {code} nor {reference}": (
        "yêu cầu lấy kết quả không có {code} cũng không có {reference}"
    ),
    "the request of `attach` never names {file_base64}": "yêu cầu của `attach` không có {file_base64}",
    "{reference} is named, which only the agency knows: `create.reference` says where it is": (
        "có {reference}, mà chỉ cơ quan biết: ghi ở `create.reference` nó nằm ở đâu"
    ),
    "$kind pages need $placeholder in the request": "chia trang kiểu $kind cần $placeholder trong yêu cầu",
    # Addresses.
    "$address is no address": "$address không phải địa chỉ",
    "$address is not an http or https address": "$address không phải địa chỉ http hay https",
    "give $host by scheme, host and port alone; secrets have names": (
        "ghi $host chỉ gồm giao thức, tên máy và cổng; bí mật thì ghi bằng tên"
    ),
    "$host is an address that no agency can have": "$host là địa chỉ mà không cơ quan nào có được",
    "$host is in a private network, where the hub calls nobody unless `private: true`": (
        "$host nằm trong mạng riêng, nơi hub không gọi ai trừ khi có `private: true`"
    ),
    "http sends people's data in the open over the internet; ask the agency for https": (
        "http gửi dữ liệu của người dân không mã hóa qua Internet; hãy xin cơ quan https"
    ),
    "the path $path of the login does not begin with a slash": "đường dẫn $path của đăng nhập không bắt đầu bằng dấu /",
    "`token_address` is an http or https address, without a query and without secrets": (
        "`token_address` là địa chỉ http hoặc https, không có phần truy vấn và không có bí mật"
    ),
    "the path $path of $name does not begin with a slash": "đường dẫn $path của $name không bắt đầu bằng dấu /",
    "the path of $name holds a query, which goes under `query`": (
        "đường dẫn của $name có phần truy vấn, hãy đặt ở `query`"
    ),
    "credentials go in a JSON or form body, and $name has none that takes them": (
        "thông tin đăng nhập đặt trong thân JSON hoặc biểu mẫu, mà $name không có thân như vậy"
    ),
    "$name has `each_file` among texts; a list goes in a `json_body`": (
        "$name có `each_file` giữa văn bản; danh sách đặt trong `json_body`"
    ),
    "$name has {codes} in a text; a list goes in a `json_body`": (
        "$name có {codes} trong văn bản; danh sách đặt trong `json_body`"
    ),
    "tls.authority: the document $name cannot be read: $why": "tls.authority: không đọc được tài liệu $name: $why",
    "tls.authority: the document $name holds no certificate in PEM": (
        "tls.authority: tài liệu $name không có chứng thư ở dạng PEM"
    ),
    "`host_key` is no public key; it is as in known_hosts: ssh-ed25519 AAAA…": (
        "`host_key` không phải khóa công khai; ghi như trong known_hosts: ssh-ed25519 AAAA…"
    ),
    # SOAP.
    "the WSDL has no operation $name; $hint": "WSDL không có thao tác $name; $hint",
    "the WSDL knows no $name in $element; $hint": "WSDL không có $name trong $element; $hint",
    "$operation cannot be called with these parameters: $why": "không gọi được $operation với các tham số này: $why",
    "it takes no parameters": "thao tác không nhận tham số",
    "it takes one parameter, $name": "thao tác nhận một tham số, $name",
    "it declares no header $name; $hint": "thao tác không khai báo tiêu đề $name; $hint",
    "it holds a character that XML cannot hold": "có ký tự mà XML không chứa được",
    "a SOAP system takes no key in `body`: name it among each operation's `parameters`": (
        "hệ thống SOAP không nhận khóa trong `body`: ghi nó giữa các `parameters` của từng thao tác"
    ),
    # Secrets.
    "a password stands here for all to read; write {secret:NAME}, and keep it as that secret": (
        "mật khẩu nằm ở đây cho ai cũng đọc được; hãy viết {secret:TÊN} và lưu nó thành bí mật ấy"
    ),
    "a secret in an address ends in other people's logs; if the agency takes it in a header, put it there": (
        "bí mật trong địa chỉ sẽ vào nhật ký của nơi khác; nếu cơ quan nhận ở tiêu đề, hãy đặt ở đó"
    ),
    # Better otherwise.
    "no `status` is read, so nobody will see how far a dossier is": (
        "không đọc `status`, nên không ai thấy hồ sơ đến đâu"
    ),
    "not one status word is known, so every record goes to the quarantine; give each word its code": (
        "chưa biết từ trạng thái nào, nên mọi bản ghi sẽ vào cách ly; hãy gán mã cho từng từ"
    ),
    "no word means $codes; right if the agency has no such status, else records will be quarantined": (
        "không từ nào có nghĩa $codes; đúng nếu cơ quan không có trạng thái ấy, nếu không bản ghi sẽ vào cách ly"
    ),
    "nothing asks for changes: give `sync.every_seconds`": "chưa có lịch đọc thay đổi: ghi `sync.every_seconds`",
    "$field is 0: what the agency was still writing when it was asked is missed; give some": (
        "$field là 0: điều cơ quan đang ghi dở lúc hub hỏi sẽ bị sót; hãy ghi một số"
    ),
    "$expression was in none of the $number records of the trial of $day": (
        "$expression không có trong $number bản ghi nào của lần thử ngày $day"
    ),
    "the last trial met the status word $word, which has no code here": (
        "lần thử gần nhất gặp từ trạng thái $word, chưa có mã ở đây"
    ),
    "small letters, digits and hyphens, a letter first: so-tnmt-khoa": (
        "chữ thường không dấu, số và gạch nối, bắt đầu bằng chữ: so-tnmt-khoa"
    ),
    "$least to $most characters": "từ $least đến $most ký tự",
    "$file, line $line": "$file, dòng $line",
    "no system to ask": "chưa có hệ thống để hỏi",
}
