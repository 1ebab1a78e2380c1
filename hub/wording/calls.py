"""Why a call to an agency came to nothing: the line, TLS, the login, the hub's own budget."""

SENTENCES = {
    # The agency's system, by its status.
    "The agency's system answered $status": "Hệ thống của cơ quan trả lời $status",
    "The agency's system answered $status, and nothing that says why.": (
        "Hệ thống của cơ quan trả lời $status mà không nói vì sao."
    ),
    "$said: it refuses our credentials.": "$said: không chấp nhận thông tin đăng nhập của hub.",
    "$said: it has nothing by that name.": "$said: không có gì ở địa chỉ ấy.",
    "$said: it gave up waiting.": "$said: tự thôi chờ giữa chừng.",
    "$said: it asks us to slow down.": "$said: xin gọi chậm lại.",
    "$said: it is not there.": "$said: hệ thống đang không phục vụ.",
    "$said: it points to $where, where we do not follow.": "$said: chỉ sang $where, hub không đi theo.",
    "another path of its own": "một đường dẫn khác của chính nó",
    "no readable address": "một địa chỉ không đọc được",
    # The line.
    "There was no whole answer within $seconds s.": "Không nhận được trọn câu trả lời trong $seconds giây.",
    "The answer is larger than $bytes bytes.": "Câu trả lời lớn hơn $bytes byte.",
    "There is no connection to the agency's system: $why.": "Không kết nối được đến hệ thống của cơ quan: $why.",
    "it took too long": "chờ quá lâu",
    "TLS took too long": "chờ quá lâu khi bắt tay TLS",
    "the name server does not answer": "máy chủ tên miền không trả lời",
    "the agency's system hung up": "hệ thống của cơ quan ngắt kết nối",
    "The agency's system keeps us waiting ($kind).": "Hệ thống của cơ quan để hub chờ quá lâu ($kind).",
    "The agency's system broke off, or does not speak HTTP.": (
        "Hệ thống của cơ quan ngắt giữa chừng, hoặc không dùng HTTP."
    ),
    "The request has no address ($kind).": "Yêu cầu không có địa chỉ ($kind).",
    "The request cannot be sent as it is ($kind).": "Yêu cầu sai dạng nên không gửi đi được ($kind).",
    "The name $host leads nowhere: $why.": "Tên máy $host không dẫn đến đâu: $why.",
    "$host cannot be a host's name.": "$host không thể là tên máy.",
    "$host, which leads to $address,": "$host, dẫn đến $address,",
    "$leads is in a private network; if the agency is meant to be there, give its system `private: true`.": (
        "$leads nằm trong mạng riêng; nếu hệ thống của cơ quan đúng là ở đó, ghi `private: true` cho nó."
    ),
    "$leads is an address that no agency can have; the hub does not call it.": (
        "$leads là địa chỉ mà không cơ quan nào có được; hub không gọi."
    ),
    # TLS.
    "The secrets $names are not a certificate and its private key, without a passphrase, in PEM.": (
        "Các bí mật $names không phải một chứng thư và khóa riêng của nó ở dạng PEM, không đặt mật khẩu."
    ),
    "$certificate and $key": "$certificate và $key",
    "The agency's certificate is not accepted: $why": "Chứng thư của cơ quan không được chấp nhận: $why",
    "it has expired; the agency must renew it.": "đã hết hạn; cơ quan phải gia hạn.",
    "it is not valid yet; check the clocks, here and there.": (
        "chưa đến lúc có hiệu lực; hãy xem lại đồng hồ ở cả hai bên."
    ),
    "it is for another name; give `address` by a name that is in it, or have the agency renew it.": (
        "cấp cho tên khác; hãy ghi `address` bằng tên có trong chứng thư, hoặc nhờ cơ quan cấp lại."
    ),
    (
        "it is signed by an authority we do not know, or by itself; store that authority's certificate as a document "
        "and name it in `tls.authority`."
    ): (
        "do nơi cấp mà hub không biết ký, hoặc tự ký; hãy lưu chứng thư của nơi cấp vào kho tài liệu và ghi tên nó ở "
        "`tls.authority`."
    ),
    "The agency's system broke off TLS; $hint": "Hệ thống của cơ quan ngắt TLS; $hint",
    "it may want a certificate of ours: see `tls.client_certificate` and `tls.client_key`.": (
        "có thể bên ấy đòi chứng thư của hub: xem `tls.client_certificate` và `tls.client_key`."
    ),
    "The agency's system does not accept our certificate; $hint": (
        "Hệ thống của cơ quan không chấp nhận chứng thư của hub; $hint"
    ),
    "have the agency check it, and renew the secret of `tls.client_certificate`.": (
        "nhờ cơ quan kiểm tra, rồi thay bí mật của `tls.client_certificate`."
    ),
    "The agency's system does not speak TLS there; is it http, or another port?": (
        "Hệ thống của cơ quan không dùng TLS ở đó; có phải là http, hoặc cổng khác?"
    ),
    "The agency's system speaks no TLS of version 1.2 or later.": (
        "Hệ thống của cơ quan không có TLS từ bản 1.2 trở lên."
    ),
    "TLS with the agency's system broke ($why).": "TLS với hệ thống của cơ quan bị đứt ($why).",
    # The login.
    "The login was refused. $why": "Đăng nhập bị từ chối. $why",
    "The login is not where the spec says. $why": "Không có chỗ đăng nhập ở nơi bản mô tả ghi. $why",
    "The login's answer is not as the spec says: $why.": "Câu trả lời khi đăng nhập không như bản mô tả: $why.",
    "The login's answer holds no token where the spec says.": (
        "Câu trả lời khi đăng nhập không có mã truy cập ở chỗ bản mô tả ghi."
    ),
    "The login's answer does not say, in seconds, how long the token lives.": (
        "Câu trả lời khi đăng nhập không cho biết mã truy cập dùng được bao nhiêu giây."
    ),
    "The agency says that our session has ended.": "Cơ quan báo phiên đăng nhập của hub đã hết.",
    "The agency refuses our credentials: no, without saying why": (
        "Cơ quan không chấp nhận thông tin đăng nhập của hub, mà không nói vì sao"
    ),
    "The agency refuses our credentials: $words": "Cơ quan không chấp nhận thông tin đăng nhập của hub: $words",
    "there is no secret $name: set $variable or write the file secrets/$file in the data folder": (
        "không có bí mật $name: đặt biến $variable hoặc ghi tệp secrets/$file trong thư mục dữ liệu"
    ),
    "$missing; or set it at /admin/secrets": "$missing; hoặc đặt ở trang Bí mật",
    "The user name or password holds a character that XML cannot hold.": (
        "Tên đăng nhập hoặc mật khẩu có ký tự mà XML không chứa được."
    ),
    "The request cannot be signed: the key and its certificate must be PEM.": (
        "Không ký được yêu cầu: khóa và chứng thư của nó phải ở dạng PEM."
    ),
    # What the hub itself forbids.
    "The hub is stopping.": "Hub đang dừng.",
    "The hub's database did not answer, which keeps the agency's budget.": (
        "Cơ sở dữ liệu của hub, nơi giữ hạn mức gọi cơ quan, không trả lời."
    ),
    "The agency may not be called outside its hours.": "Ngoài giờ được phép gọi cơ quan.",
    "The agency's calls of this day are spent.": "Đã hết lượt gọi cơ quan của ngày hôm nay.",
    "What backfill may call in a day is spent.": "Đã hết lượt gọi trong ngày dành cho việc đọc hồ sơ cũ.",
    "The agency has failed too often; it is left alone for a while.": (
        "Cơ quan lỗi quá nhiều lần; hub tạm ngừng gọi một lúc."
    ),
    "The agency has failed too often; one call tries it now.": (
        "Cơ quan lỗi quá nhiều lần; hub đang gọi thử một cuộc."
    ),
    "The agency asked to be left alone for a while.": "Cơ quan xin tạm thôi gọi một lúc.",
    "As many calls to the agency as it allows are under way.": (
        "Số cuộc gọi cùng lúc đến cơ quan đã đến mức cho phép."
    ),
    "The agency has been called as often as it allows.": "Đã gọi cơ quan đến mức cho phép.",
    # To others than agencies: recipients of alerts, subscribers.
    "There was no answer within $seconds s.": "Không có câu trả lời trong $seconds giây.",
    "It keeps us waiting for an answer.": "Nơi nhận để hub chờ mãi không trả lời.",
    "Its name leads nowhere.": "Tên máy không dẫn đến đâu.",
    "Its certificate is not accepted: $why.": "Chứng thư của nơi nhận không được chấp nhận: $why.",
    "It does not speak TLS of version 1.2 or later there.": "Nơi nhận không có TLS từ bản 1.2 trở lên.",
    "Its name leads to an address that the hub does not call: only public ones are.": (
        "Tên máy dẫn đến địa chỉ mà hub không gọi: chỉ gọi địa chỉ công cộng."
    ),
    "It answered 410: nothing more is wanted there.": "Nơi nhận trả lời 410: không nhận gì nữa.",
    "It answered $status: it asks us to slow down.": "Nơi nhận trả lời $status: xin gửi chậm lại.",
    "It answered $status; redirects are not followed. Change the subscription's address.": (
        "Nơi nhận trả lời $status; hub không đi theo chuyển hướng. Hãy đổi địa chỉ của đăng ký."
    ),
    "It answered $status; only 2xx is success.": "Nơi nhận trả lời $status; chỉ 2xx là đã nhận.",
    "There is no connection to it.": "Không kết nối được.",
    "Its address is not one that can be called.": "Địa chỉ này không gọi được.",
    "It broke off, or does not speak HTTP.": "Nơi nhận ngắt giữa chừng, hoặc không dùng HTTP.",
    "($bytes bytes with papers)": "($bytes byte có giấy tờ)",
}
