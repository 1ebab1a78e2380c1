"""What came of a call, and of a run, in a word."""

from hub.portal.texts import Text

#: Of a call.
OUTCOMES: dict[str, Text] = {
    "ok": Text("Được", "Well"),
    "unreachable": Text("Không kết nối được", "Unreachable"),
    "timed_out": Text("Quá giờ", "Timed out"),
    "throttled": Text("Cơ quan xin gọi chậm lại", "Throttled"),
    "unauthorized": Text("Bị từ chối đăng nhập", "Unauthorized"),
    "rejected": Text("Cơ quan không nhận", "Rejected"),
    "malformed": Text("Trả lời sai dạng", "Malformed"),
    "not_found": Text("Không có hồ sơ", "Not found"),
    "withheld": Text("Hub không gọi", "Withheld"),
}
#: Of a run: what comes of a call, and some more.
RUN_OUTCOMES: dict[str, Text] = OUTCOMES | {
    "running": Text("Đang chạy", "Running"),
    "gave_way": Text("Nhường việc khác, sẽ đọc tiếp", "Gave way, goes on"),
    "lost": Text("Tiến trình dừng giữa chừng", "Lost with its worker"),
    "fenced": Text("Lượt khác đã làm thay", "Taken over by another"),
    "shape_changed": Text("Bản ghi không còn như trước", "Records are not what they were"),
    "shrunk": Text("Ít hồ sơ hơn hẳn lần trước", "Far fewer than the time before"),
    "error": Text("Hub lỗi", "The hub failed"),
}
