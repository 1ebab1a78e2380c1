"""Tells a subscription's owner by mail that it is disabled, why, and what to do."""

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.subscription import Why
from hub.mail import addresses
from hub.outbox.store import Disabled
from hub.portal.texts import Text
from hub.vault import Vault

_DISABLED = text("""
    SELECT s.id, s.name, s.contact_id, d.disabled_at, d.disabled_why
      FROM subscription s
      JOIN destination d ON d.id = s.destination_id
     WHERE d.id = ANY(:ids) AND s.contact_id IS NOT NULL
     ORDER BY s.id
""")

#: Within a sentence.
WHY = {
    Why.FAILING: Text(
        "trong khoảng ba ngày liền không có lần gửi nào thành công",
        "for about three days nothing that was sent has arrived",
    ),
    Why.GONE: Text("địa chỉ nhận trả lời 410 (không còn dùng)", "the endpoint answered 410 (gone)"),
    Why.OWNER: Text("chủ đăng ký đã tắt", "its owner disabled it"),
    Why.ADMIN: Text("quản trị viên đã tắt", "an administrator disabled it"),
    Why.KEY_ENDED: Text(
        "khóa API đã tạo ra đăng ký này không còn hiệu lực hoặc không còn quyền",
        "the API key that made it has ended, or has lost its scope",
    ),
    Why.EXPIRED: Text(
        "những thay đổi còn phải gửi đã quá thời hạn lưu giữ",
        "what was still to be sent is kept no more",
    ),
}

_BODY = """\
Kính gửi đơn vị,

Đăng ký nhận sự kiện "{name}" (số {id}) đã bị tắt: {why_vi}.
Không có gì bị mất: các thay đổi được giữ 30 ngày. Sau khi sửa xong, bật lại bằng lệnh

    POST /v1/subscriptions/{id}/enable

và những gì còn thiếu sẽ được gửi tiếp. Các lần gửi và câu trả lời: GET /v1/subscriptions/{id}/deliveries

--
The subscription "{name}" (number {id}) was disabled: {why_en}.
Nothing is lost: changes are kept for 30 days. Once it is mended, enable it with POST /v1/subscriptions/{id}/enable,
and what is missing will be sent. Tries and answers: GET /v1/subscriptions/{id}/deliveries
"""


def teller(vault: Vault) -> Disabled:
    """What the outbox and the fan-out do for destinations that they disable."""

    async def tell(connection: AsyncConnection, destinations: Collection[int]) -> None:
        for row in await connection.execute(_DISABLED, {"ids": sorted(destinations)}):
            why = WHY[Why(row.disabled_why)]
            await addresses.write(
                connection,
                row.contact_id,
                key=f"subscription-{row.id}-disabled-{row.disabled_at:%Y%m%d%H%M%S%f}",
                subject=f"Đăng ký nhận sự kiện số {row.id} đã bị tắt / Subscription {row.id} was disabled",
                body=_BODY.format(name=row.name, id=row.id, why_vi=why.vi, why_en=why.en),
                vault=vault,
            )

    return tell
