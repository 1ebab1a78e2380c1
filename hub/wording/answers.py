"""What is wrong with an agency's answer, as a whole: not what the spec promises, not whole, or a no."""

SENTENCES = {
    # The agency's own word.
    "The agency says: $words": "Cơ quan trả lời: $words",
    "The agency says: later": "Cơ quan trả lời: để sau",
    "The agency says: no, without saying why": "Cơ quan trả lời là không, mà không nói vì sao",
    "The agency says it has no such dossier.": "Cơ quan trả lời là không có hồ sơ này.",
    "The agency says, by a fault, that it has no such dossier.": "Cơ quan báo, bằng lỗi SOAP, là không có hồ sơ này.",
    "The agency has no such dossier.": "Cơ quan không có hồ sơ này.",
    "The agency has it already.": "Cơ quan đã có hồ sơ này rồi.",
    # Not as the spec says.
    "The answer is not as the spec says: $why.": "Câu trả lời không như bản mô tả: $why.",
    "The fault is not as the spec says: $why.": "Lỗi SOAP không như bản mô tả: $why.",
    "Where the records should be ($place) there is $kind.": "Ở chỗ của các bản ghi ($place) lại là $kind.",
    "Where a string with $format should be there is $kind.": "Ở chỗ phải là chuỗi chứa $format lại là $kind.",
    "Where the number of rows should be there is $kind.": "Ở chỗ phải là số dòng lại là $kind.",
    "Where the file should be ($place) there is $kind.": "Ở chỗ của tệp ($place) lại là $kind.",
    "Where the batch's name should be ($place) there is none.": "Ở chỗ phải là tên của lô ($place) không có gì.",
    "Where the dossier's reference should be ($place) there is none.": (
        "Ở chỗ phải là số tham chiếu của hồ sơ ($place) không có gì."
    ),
    "Where the dossier's reference should be ($place) there is a long text.": (
        "Ở chỗ phải là số tham chiếu của hồ sơ ($place) lại là một đoạn văn bản dài."
    ),
    # By Python's names of what a JSON document holds.
    "nothing": "chỗ trống",
    "str": "một chuỗi",
    "int": "một con số",
    "float": "một số thập phân",
    "bool": "giá trị đúng/sai",
    "list": "một danh sách",
    "dict": "một đối tượng",
    "NoneType": "giá trị rỗng",
    # Not to be read.
    "The answer is empty.": "Câu trả lời trống.",
    "The answer is a page of HTML or XML, not JSON.": "Câu trả lời là một trang HTML hoặc XML, không phải JSON.",
    "The answer is a page of HTML or XML, not a text.": (
        "Câu trả lời là một trang HTML hoặc XML, không phải văn bản thường."
    ),
    "The answer is a web page.": "Câu trả lời là một trang web.",
    "The answer is not whole, valid JSON: line $line, column $column.": (
        "Câu trả lời không phải JSON trọn vẹn, đúng chuẩn: dòng $line, cột $column."
    ),
    "The answer is no XML that can be read. $why": "Câu trả lời không phải XML đọc được. $why",
    "The answer is nested too deeply.": "Câu trả lời lồng nhau quá sâu.",
    "The answer holds $name twice, and nobody can say which is meant.": (
        "Câu trả lời có $name hai lần, không biết lấy cái nào."
    ),
    "The answer is not whole: it ends within its list.": "Câu trả lời không trọn vẹn: bị cắt giữa danh sách.",
    "The answer's list has a comma with no record beside it.": (
        "Danh sách trong câu trả lời có dấu phẩy mà không có bản ghi bên cạnh."
    ),
    "A record of the answer's list is not valid JSON: $why.": (
        "Một bản ghi trong danh sách trả lời không phải JSON đúng chuẩn: $why."
    ),
    "Over $bytes bytes came without the end of a record.": "Đã nhận hơn $bytes byte mà chưa hết một bản ghi.",
    "The answer is neither in UTF-8 nor in any charset it might be in.": (
        "Câu trả lời không phải UTF-8, cũng không phải bảng mã nào khác mà hub biết."
    ),
    "The answer is neither in UTF-8 nor in $charset.": "Câu trả lời không phải UTF-8, cũng không phải $charset.",
    "The answer cannot be read: $why.": "Không đọc được câu trả lời: $why.",
    "a letter must not have over $most marks": "một chữ không được có quá $most dấu",
    "It is empty, or no well-formed XML.": "Trống, hoặc không phải XML đúng dạng.",
    "It is not whole, well-formed XML: line $line, column $column.": (
        "Không phải XML trọn vẹn, đúng dạng: dòng $line, cột $column."
    ),
    "It is not whole, well-formed XML.": "Không phải XML trọn vẹn, đúng dạng.",
    "It is in an encoding that nobody knows.": "Dùng bảng mã không ai biết.",
    "It is nested too deeply, or has too many elements.": "Lồng nhau quá sâu, hoặc có quá nhiều phần tử.",
    "It has over $most different names of elements.": "Có hơn $most tên phần tử khác nhau.",
    "It has a DOCTYPE, which an agency's answer never needs.": (
        "Có DOCTYPE, thứ mà câu trả lời của cơ quan không bao giờ cần."
    ),
    "The answer is compressed more than once.": "Câu trả lời bị nén nhiều lần.",
    "The answer is compressed in a way that the hub did not ask for.": "Câu trả lời nén theo cách hub không yêu cầu.",
    "The answer is not compressed the way it says.": "Câu trả lời không được nén theo cách nó ghi.",
    "The answer is compressed, and its end is missing.": "Câu trả lời nén bị thiếu phần cuối.",
    # SOAP.
    "The agency's system answered $status with nothing.": "Hệ thống của cơ quan trả lời $status mà không có nội dung.",
    "The agency's system answered $status with $what. $why": "Hệ thống của cơ quan trả lời $status kèm $what. $why",
    "a web page": "một trang web",
    "no SOAP answer": "nội dung không phải câu trả lời SOAP",
    "The agency's system answered $status with <$root>, which is no SOAP answer.": (
        "Hệ thống của cơ quan trả lời $status kèm <$root>, không phải câu trả lời SOAP."
    ),
    "The answer has several parts, and does not say where one ends.": (
        "Câu trả lời có nhiều phần mà không ghi mỗi phần kết thúc ở đâu."
    ),
    "The answer has several parts, and is not whole.": "Câu trả lời có nhiều phần và không trọn vẹn.",
    "The answer lacks the part that it says comes first.": "Câu trả lời thiếu phần mà nó ghi là phần đầu.",
    "A part of the answer has no content.": "Một phần của câu trả lời không có nội dung.",
    "The answer lacks a part that it refers to.": "Câu trả lời thiếu một phần mà nó nhắc đến.",
    "A part of the answer is encoded in a way that nobody knows.": (
        "Một phần của câu trả lời được mã hóa theo cách không ai biết."
    ),
    "A part of the answer is not the base64 that it says.": "Một phần của câu trả lời không phải base64 như nó ghi.",
    "One of its values refers to itself.": "Một giá trị trong đó tham chiếu đến chính nó.",
    "It refers to a value that is not in it.": "Có tham chiếu đến giá trị không có trong đó.",
    "Its references multiply to too many elements, or nest too deeply.": (
        "Các tham chiếu sinh ra quá nhiều phần tử, hoặc lồng nhau quá sâu."
    ),
    # Lists, and their pages.
    "After $pages pages there are still more: this list does not end.": (
        "Sau $pages trang vẫn còn nữa: danh sách này không bao giờ hết."
    ),
    "After $pages empty pages there are still more: this list does not end.": (
        "Sau $pages trang trống vẫn còn nữa: danh sách này không bao giờ hết."
    ),
    "The rows are not in ascending order of their change time, as the spec says.": (
        "Các dòng không xếp theo lúc thay đổi tăng dần như bản mô tả."
    ),
    "The rows are not in descending order of their change time, as the spec says.": (
        "Các dòng không xếp theo lúc thay đổi giảm dần như bản mô tả."
    ),
    "The rows are not in ascending order of their revision, as the spec says.": (
        "Các dòng không xếp theo số thứ tự thay đổi tăng dần như bản mô tả."
    ),
    "The rows are older than the time asked for.": "Các dòng cũ hơn thời gian được hỏi.",
    "Page $page repeats the page before it.": "Trang $page lặp lại trang trước.",
    "A page repeats one before it.": "Có trang lặp lại một trang trước đó.",
    "Not one row of a page has a readable revision, so there is no way on from it.": (
        "Không dòng nào của trang có số thứ tự thay đổi đọc được, nên không thể đọc tiếp."
    ),
    "Rows after revision $asked were asked for, and end at $last.": (
        "Hub hỏi các dòng sau số $asked, mà danh sách kết thúc ở $last."
    ),
    "A page without rows says that there are more, and not how many to pass over.": (
        "Một trang không có dòng nào lại báo còn nữa, mà không cho biết phải bỏ qua bao nhiêu."
    ),
    "The next page's $by is that of a page before it.": "$by của trang sau là của một trang trước đó.",
    "What was acknowledged comes again and again.": "Những gì hub đã báo nhận vẫn được gửi lại mãi.",
    "The place to go on from was not made by this way of paging.": (
        "Chỗ để đọc tiếp không do cách chia trang này tạo ra."
    ),
    "The place to go on from was made when the queue was acknowledged by something else.": (
        "Chỗ để đọc tiếp được tạo khi hàng đợi còn được báo nhận theo cách khác."
    ),
    "The place to go on from was not made by these steps.": "Chỗ để làm tiếp không do các bước này tạo ra.",
    "The next page's address is none that can be read.": "Địa chỉ của trang sau không đọc được.",
    "The next page is said to be at $where, another server than $ours.": (
        "Trang sau được ghi là ở $where, máy chủ khác với $ours."
    ),
    "The next page's address holds a parameter twice.": "Địa chỉ của trang sau có một tham số hai lần.",
    # Look-ups.
    "A code without letters and digits is no dossier's.": "Mã không có chữ và số nào thì không phải mã hồ sơ.",
    "The answer tells of $number dossiers, and not which of them was asked for.": (
        "Câu trả lời nói về $number hồ sơ mà không rõ hồ sơ nào được hỏi."
    ),
    "The answer says nothing of the dossier.": "Câu trả lời không nói gì về hồ sơ.",
    "The agency answered about another dossier than the one asked for.": "Cơ quan trả lời về hồ sơ khác với hồ sơ hỏi.",
    # What is sent, and results fetched.
    "The request's path names something that is not known here.": "Đường dẫn của yêu cầu nhắc đến điều chưa biết.",
    "The request's path would lead elsewhere.": "Đường dẫn của yêu cầu sẽ dẫn đi nơi khác.",
    "The request is no well-formed XML once it is filled in.": "Yêu cầu không còn là XML đúng dạng sau khi điền.",
    "The request cannot be written as the WSDL wants it.": "Không viết được yêu cầu theo đúng WSDL.",
    "The agency has the dossier already, and does not say what it calls it.": (
        "Cơ quan đã có hồ sơ này mà không cho biết gọi nó là gì."
    ),
    (
        "Whether the agency has acted upon `$step` is not known, and it must not be asked twice: a person must look "
        "there."
    ): ("Không biết cơ quan đã làm bước `$step` chưa, và không được gửi hai lần: cần người xem ở đó."),
    "It has papers, and the spec does not say how this agency takes any.": (
        "Hồ sơ có giấy tờ, mà bản mô tả không ghi cơ quan này nhận giấy tờ thế nào."
    ),
    "This goes by the dossier's $name, which is not known.": "Việc này cần $name của hồ sơ, mà chưa biết.",
    "What the agency calls the dossier is not known, and the result goes by that.": (
        "Chưa biết cơ quan gọi hồ sơ này là gì, mà lấy kết quả thì cần điều đó."
    ),
    "What is at $place is not base64.": "Giá trị ở $place không phải base64.",
    "In the place of a file there is an answer in $format, and nothing that says why.": (
        "Ở chỗ của tệp lại là câu trả lời $format, không nói vì sao."
    ),
    "In the place of a file there is a web page.": "Ở chỗ của tệp lại là một trang web.",
    "The file is empty.": "Tệp trống.",
    "The file is said to be $promise, and is $what.": "Tệp được ghi là $promise, mà lại là $what.",
    "something else": "thứ khác",
    "A row of the procedures cannot be read: $why.": "Không đọc được một dòng của danh mục thủ tục: $why.",
    "A row of the procedures has no text in $field ($place), and needs one.": (
        "Một dòng của danh mục thủ tục không có chữ ở $field ($place), mà cần có."
    ),
}
