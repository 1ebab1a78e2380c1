"""What the estate's dossiers are made of: people, procedures, and the words officers write."""

FAMILY_NAMES = (
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Hoàng",
    "Phan",
    "Vũ",
    "Đặng",
    "Bùi",
    "Đỗ",
    "Rơ Châm",
    "Siu",
    "Ksor",
    "Rmah",
    "Kpă",
)
MIDDLE_NAMES = ("Văn", "Thị", "Hữu", "Minh", "Ngọc", "Đức", "Thanh", "Quốc", "Xuân", "H'")
GIVEN_NAMES = (
    "An",
    "Bình",
    "Châu",
    "Dũng",
    "Đức",
    "Giang",
    "Hà",
    "Hiếu",
    "Hương",
    "Khánh",
    "Lan",
    "Long",
    "Mai",
    "Nam",
    "Oanh",
    "Phúc",
    "Quân",
    "Sơn",
    "Thảo",
    "Uyên",
    "Vinh",
    "Yến",
)

#: (procedure code, name) by agency.
PROCEDURES = {
    "so-tnmt": (
        ("1.004238", "Xóa đăng ký cho thuê, cho thuê lại, góp vốn bằng quyền sử dụng đất"),
        ("1.004227", "Đăng ký biến động về sử dụng đất, tài sản gắn liền với đất"),
        ("1.004221", "Đăng ký đất đai lần đầu"),
        ("2.000889", "Chuyển nhượng, thừa kế, tặng cho quyền sử dụng đất"),
        ("1.004179", "Cấp giấy phép khai thác, sử dụng nước mặt"),
    ),
    "so-khdt": (
        ("2.002043", "Đăng ký thành lập công ty cổ phần"),
        ("1.010010", "Đăng ký thay đổi người đại diện theo pháp luật"),
        ("2.002016", "Đăng ký thay đổi địa chỉ trụ sở chính"),
        ("2.001610", "Đăng ký thành lập doanh nghiệp tư nhân"),
        ("1.009645", "Chấp thuận chủ trương đầu tư"),
    ),
    "ubnd-pleiku": (
        ("1.001612", "Đăng ký thành lập hộ kinh doanh"),
        ("1.001193", "Đăng ký khai sinh"),
        ("1.009994", "Cấp giấy phép xây dựng mới công trình, nhà ở riêng lẻ"),
        ("2.000815", "Chứng thực bản sao từ bản chính"),
        ("1.000894", "Đăng ký kết hôn"),
    ),
}

WANTED_PAPERS = (
    "Bổ sung bản sao căn cước công dân còn hạn",
    "Thiếu chữ ký của người nộp ở trang 2",
    "Bản vẽ chưa có xác nhận của đơn vị đo đạc",
    "Bổ sung giấy ủy quyền có chứng thực",
)
