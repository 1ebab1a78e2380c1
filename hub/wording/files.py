"""What is wrong with the files that an agency leaves, and with the folder where it leaves them."""

SENTENCES = {
    "$why It goes to $folder; put right, it can be left in the folder again.": (
        "$why Tệp được chuyển vào $folder; sửa xong có thể đặt lại vào thư mục."
    ),
    "Line $line of $file: $why": "Dòng $line của $file: $why",
    "Record $number of $file: $why": "Bản ghi $number của $file: $why",
    "Line $line": "Dòng $line",
    "Record $number": "Bản ghi $number",
    "column $number": "cột $number",
    "It is larger than $bytes bytes: split it, or raise the limit.": (
        "Lớn hơn $bytes byte: hãy chia nhỏ, hoặc nâng mức."
    ),
    "It has more than $most records: split it.": "Có hơn $most bản ghi: hãy chia nhỏ.",
    "Line $number: a cell begins with a quotation mark and never ends; is the file cut off?": (
        "Dòng $number: một ô mở dấu ngoặc kép mà không đóng; tệp bị cắt chăng?"
    ),
    "it cannot be read ($why)": "không đọc được ($why)",
    "It is in utf-8, not windows-1258: save it so, or let `encoding` say what it is.": (
        "Tệp là utf-8, không phải windows-1258: hãy lưu đúng bảng mã, hoặc ghi lại `encoding`."
    ),
    (
        "Line $line: byte $byte of the file cannot be $encoding. Save it so, or let `encoding` say what it is."
    ): "Dòng $line: byte $byte của tệp không thể là $encoding. Hãy lưu đúng bảng mã, hoặc ghi lại `encoding`.",
    "The file cannot be read: $why.": "Không đọc được tệp: $why.",
    "It ends before line $line, where the names of the columns should be.": (
        "Tệp hết trước dòng $line, nơi phải có tên các cột."
    ),
    "it has $cells cells, and the header $columns columns": "có $cells ô, mà dòng tên có $columns cột",
    "Line $line, where the names of the columns should be, holds none.": (
        "Dòng $line, nơi phải có tên các cột, không có tên nào."
    ),
    (
        "Line $line names no column $column, which the mapping of $field needs: is it the line of the names, and does "
        "it write that one so?"
    ): (
        "Dòng $line không có cột $column mà phần ánh xạ của $field cần: đó có phải dòng tên cột, và tên ấy có viết "
        "như vậy không?"
    ),
    "It goes on after line $line, which no sheet does.": "Còn dữ liệu sau dòng $line, không bảng tính nào như vậy.",
    "It is no whole and unharmed XLSX workbook ($kind).": "Không phải sổ XLSX trọn vẹn, lành lặn ($kind).",
    "It is encrypted, or of before 2007 (.xls): save it as .xlsx, without a password.": (
        "Tệp có mật khẩu, hoặc là dạng trước năm 2007 (.xls): hãy lưu thành .xlsx, không mật khẩu."
    ),
    "It unpacks to more than $bytes bytes, or $parts parts: split it.": (
        "Giải nén ra hơn $bytes byte, hoặc $parts phần: hãy chia nhỏ."
    ),
    "It is no whole ZIP archive, as XLSX is ($kind).": "Không phải tệp nén ZIP trọn vẹn như XLSX phải là ($kind).",
    "It has no sheet $name, only $others.": "Không có trang tính $name, chỉ có $others.",
    "its cell $cell holds the error $error": "ô $cell mang lỗi $error",
    "its cell $cell holds a formula that was never calculated": "ô $cell là công thức chưa được tính",
    "A cell cannot be read: $why.": "Không đọc được một ô: $why.",
    # Folders, here and over SFTP.
    "The hub may not do that in $place: it must be allowed to read, and to move files within.": (
        "Hub không được phép làm việc đó trong $place: hub cần quyền đọc, và quyền chuyển tệp bên trong."
    ),
    "The hub may not do that in $place: its user must be allowed to read, and to move files within.": (
        "Hub không được phép làm việc đó trong $place: tài khoản của hub cần quyền đọc, và quyền chuyển tệp bên trong."
    ),
    "There is no folder $place.": "Không có thư mục $place.",
    "$place is no folder, or leads out of the one that it should be in.": (
        "$place không phải thư mục, hoặc dẫn ra ngoài thư mục mà nó phải nằm trong."
    ),
    "$place cannot be used: $why.": "Không dùng được $place: $why.",
    "The secret $name is no private key, or one with a passphrase.": (
        "Bí mật $name không phải khóa riêng, hoặc là khóa có mật khẩu."
    ),
    "There is no connection to $host: $why.": "Không kết nối được đến $host: $why.",
    "it does not answer": "không trả lời",
    "$host refuses our user and credentials.": "$host không chấp nhận tài khoản và thông tin đăng nhập của hub.",
    (
        "$host shows another key than the spec's `host_key`. If its keepers say that they changed it, put the new one "
        "there; if not, somebody else may be answering."
    ): (
        "$host đưa ra khóa khác với `host_key` trong bản mô tả. Nếu nơi quản lý nói đã đổi khóa, hãy ghi khóa mới vào "
        "đó; nếu không, có thể kẻ khác đang trả lời."
    ),
    "$host keeps us waiting at its door.": "$host để hub chờ mãi khi kết nối.",
    "$host broke off, or does not speak SSH as we do ($kind).": (
        "$host ngắt giữa chừng, hoặc không cùng cách dùng SSH với hub ($kind)."
    ),
    "The SFTP server keeps us waiting.": "Máy chủ SFTP để hub chờ quá lâu.",
    "The SFTP server failed, or broke off ($kind).": "Máy chủ SFTP lỗi, hoặc ngắt giữa chừng ($kind).",
}
