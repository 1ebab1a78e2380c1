"""What stands in a drafted spec above what is guessed, and why."""

SENTENCES = {
    "guess": "đoán",
    "lost": "không dùng được",
    "Drafted from $source. Confirm each guess; then `hub adapter check`, then `hub adapter try`.": (
        "Viết nháp từ $source. Hãy xem lại từng chỗ đoán, rồi thử và kiểm tra."
    ),
    "a document": "một tài liệu",
    "see `hub adapter try`": "xem ở bước thử",
    "the agency's identifier (mã định danh) is in no technical document": (
        "mã định danh của cơ quan không có trong tài liệu kỹ thuật nào"
    ),
    "its Vietnamese name": "tên tiếng Việt",
    "its English name": "tên tiếng Anh",
    "or board, inspectorate, city, post": "hoặc board, inspectorate, city, post",
    "how often the agency may be asked for changes": "bao lâu được hỏi cơ quan một lần",
    "the document does not tell a usable address": "tài liệu không cho địa chỉ dùng được",
    "the document says $address; it came from here": "tài liệu ghi $address; nó được lấy từ đây",
    "$operation gives a token": "$operation trả về mã truy cập",
    "the document does not tell it": "tài liệu không cho biết",
    "the name the agency gave the hub": "tên mà cơ quan đặt cho hub",
    "look a code up that there is not, and see what the agency answers": (
        "tra một mã không có, xem cơ quan trả lời thế nào"
    ),
    "how the agency says that it has no such dossier": "cơ quan báo không có hồ sơ bằng cách nào",
    "$operation looks one dossier up: $why": "$operation tra cứu một hồ sơ: $why",
    "$operation lists what changed: $why": "$operation liệt kê thay đổi: $why",
    "it was chosen": "đã được chọn",
    "its name says so ($name) and it takes $inputs": "theo tên của nó ($name) và nó nhận $inputs",
    "its name says so ($name)": "theo tên của nó ($name)",
    "it takes $inputs": "nó nhận $inputs",
    "in which format the agency wants its dates": "cơ quan muốn ngày viết theo dạng nào",
    "the document's example": "ví dụ trong tài liệu",
    "what $name ($kind) is for": "$name ($kind) dùng để làm gì",
    "the answer is one string; if it holds XML or JSON, it is read ($hint)": (
        "câu trả lời là một chuỗi; nếu chứa XML hoặc JSON thì được đọc ($hint)"
    ),
    "where in it the records are: the WSDL does not tell ($hint)": "các bản ghi nằm ở đâu: WSDL không cho biết ($hint)",
    "where the records are: the document does not tell ($hint)": (
        "các bản ghi nằm ở đâu: tài liệu không cho biết ($hint)"
    ),
    "which of its codes mean that all is well": "mã nào của nó nghĩa là thành công",
    "changes are numbered": "các thay đổi được đánh số",
    "each page says how to ask for the next": "mỗi trang cho biết cách hỏi trang sau",
    "it takes how many rows to skip": "nó nhận số dòng cần bỏ qua",
    "no parameter for pages: the whole list in one answer": (
        "không có tham số chia trang: cả danh sách trong một câu trả lời"
    ),
    "as many as the agency gives at once": "nhiều như cơ quan cho một lần",
    "true on the last page": "đúng ở trang cuối",
    "that there is no more": "khi không còn nữa",
    "numbered pages, sorted with the newest change first": "trang đánh số, thay đổi mới nhất trước",
    "numbered pages from a moment on, oldest first; if newest first, descending; if neither, number": (
        "trang đánh số từ một thời điểm, cũ nhất trước; nếu mới nhất trước: descending; nếu không theo thứ tự: number"
    ),
    "numbered pages": "trang đánh số",
    "no field looks like the dossier's code; name it": "không trường nào giống mã hồ sơ; hãy ghi tên",
    "no field looks like the time of the last change; name it, or leave this out where there is none": (
        "không trường nào giống lúc thay đổi; hãy ghi tên, hoặc bỏ phần này nếu không có"
    ),
    "by its name": "theo tên của nó",
    "by its name; the document does not say how dates are written ($hint)": (
        "theo tên của nó; tài liệu không cho biết ngày viết thế nào ($hint)"
    ),
    'each of the agency\'s words needs one of the ten national codes, as `Đang xử lý: "4"`': (
        'mỗi từ của cơ quan cần một trong mười mã quốc gia, như `Đang xử lý: "4"`'
    ),
    "$what; not yet: $words": "$what; chưa có: $words",
}
