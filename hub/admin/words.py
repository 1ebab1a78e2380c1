"""What the audit and the runs call things, in words of people who do not program. What has none is shown as it is."""

from hub.admin.calls import OUTCOMES
from hub.portal.texts import Text

#: What was done, as the audit has it.
ACTIONS: dict[str, Text] = {
    "account.changed": Text("đổi quyền của người quản trị", "changed an account"),
    "account.ended": Text("chấm dứt người quản trị", "ended an account"),
    "account.enrolled": Text("tạo cách đăng nhập", "enrolled"),
    "account.invited": Text("mời người quản trị", "invited somebody"),
    "account.linked": Text("nối với nhà cung cấp danh tính", "linked to the identity provider"),
    "account.password_made": Text("cấp mật khẩu dùng một lần", "made a one-time password"),
    "agencies.change_began": Text("bắt đầu chuyển hồ sơ theo cơ quan mới", "began a change of agencies"),
    "agencies.changed": Text("chuyển hồ sơ theo cơ quan mới", "changed agencies"),
    "alert.silence_ended": Text("thôi im cảnh báo", "ended a silence of alerts"),
    "alert.silenced": Text("tạm im cảnh báo", "silenced alerts"),
    "alert_recipient.added": Text("thêm người nhận cảnh báo", "added a recipient of alerts"),
    "alert_recipient.enabled": Text("gửi lại cảnh báo đến", "enabled a recipient of alerts"),
    "alert_recipient.removed": Text("bỏ người nhận cảnh báo", "removed a recipient of alerts"),
    "alert_recipient.tested": Text("gửi thử cảnh báo", "tested a recipient of alerts"),
    "api_key.created": Text("tạo khóa API", "made an API key"),
    "api_key.revoked": Text("chấm dứt khóa API", "ended an API key"),
    "api_key.rotated": Text("thay khóa API", "replaced an API key"),
    "call.opened": Text("xem đầy đủ một cuộc gọi", "opened a call in full"),
    "documents.stored": Text("lưu tài liệu WSDL/OpenAPI", "stored documents"),
    "draft.dropped": Text("bỏ bản nháp", "threw a draft away"),
    "draft.looked_at": Text("xem lại các trạng thái đã đoán", "looked at guessed statuses"),
    "draft.rebased": Text("đặt bản nháp trên bản mới hơn", "put a draft upon a newer version"),
    "draft.saved": Text("lưu bản nháp", "saved a draft"),
    "inbox.replayed": Text("xử lý lại webhook đã đến", "replayed webhooks"),
    "mail.bounced": Text("đánh dấu thư bị trả lại", "marked an address whose mail came back"),
    "mail.good_again": Text("bỏ dấu thư bị trả lại", "marked an address as good again"),
    "quarantine.closed": Text("đóng bản ghi cách ly", "closed quarantined records"),
    "secret.removed": Text("xóa bí mật", "removed a secret"),
    "secret.set": Text("đặt bí mật", "set a secret"),
    "secrets.sealed_anew": Text("niêm phong lại các bí mật bằng khóa mới", "sealed all secrets under a new key"),
    "session.begun": Text("đăng nhập", "signed in"),
    "session.ended": Text("chấm dứt phiên đăng nhập", "ended a session"),
    "shadow.started": Text("đọc song song một bản mô tả", "started a shadow"),
    "shadow.stopped": Text("thôi đọc song song", "stopped a shadow"),
    "spec.published": Text("xuất bản bản mô tả", "published a spec"),
    "spec.rolled_back": Text("quay lại bản mô tả trước", "rolled a spec back"),
    "spec.trial_seen": Text("xem câu trả lời của lần thử", "looked at what a trial gave"),
    "spec.tried": Text("thử bản mô tả với cơ quan", "tried a spec out"),
    "specs.read": Text("đọc bản mô tả từ tệp", "read specs from files"),
    "subscription.changed": Text("đổi đăng ký nhận thay đổi", "changed a subscription"),
    "subscription.deleted": Text("bỏ đăng ký nhận thay đổi", "deleted a subscription"),
    "subscription.disabled": Text("ngừng gửi đăng ký nhận thay đổi", "disabled a subscription"),
    "subscription.enabled": Text("gửi lại đăng ký nhận thay đổi", "enabled a subscription"),
    "subscription.made": Text("tạo đăng ký nhận thay đổi", "made a subscription"),
    "subscription.secret_rotated": Text("thay bí mật của đăng ký", "rotated a subscription's secret"),
    "sync.backfill": Text("đọc lại một khoảng hồ sơ cũ", "ordered some of the past to be read"),
    "sync.pause": Text("tạm dừng đọc", "paused reading"),
    "sync.plan": Text("đổi lịch đọc", "changed the plan of reading"),
    "sync.resume": Text("cho đọc lại", "resumed reading"),
    "sync.run": Text("ra lệnh đọc ngay", "ordered a reading"),
}

#: What came of a run: what comes of a call, and some more.
RUN_OUTCOMES: dict[str, Text] = OUTCOMES | {
    "running": Text("Đang chạy", "Running"),
    "gave_way": Text("Nhường việc khác, sẽ đọc tiếp", "Gave way, goes on"),
    "lost": Text("Tiến trình dừng giữa chừng", "Lost with its worker"),
    "fenced": Text("Lượt khác đã làm thay", "Taken over by another"),
    "shape_changed": Text("Bản ghi không còn như trước", "Records are not what they were"),
    "shrunk": Text("Ít hồ sơ hơn hẳn lần trước", "Far fewer than the time before"),
    "error": Text("Hub lỗi", "The hub failed"),
}

#: Why a run was made.
REASONS: dict[str, Text] = {
    "schedule": Text("theo lịch", "by schedule"),
    "admin": Text("theo lệnh", "ordered"),
    "recovery": Text("làm tiếp lượt bị dừng", "after one that was lost"),
}
