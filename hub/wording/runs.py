"""What runs and streams tell: why one ended, what is not as it was, what was ordered and by whom."""

from hub.wording.outcomes import RUN_OUTCOMES

SENTENCES = {
    "another run has taken over": "lượt khác đã làm thay",
    "the hub failed: $kind": "hub gặp lỗi: $kind",
    "The hub failed ($kind).": "Hub gặp lỗi ($kind).",
    "the worker said nothing more": "tiến trình làm việc không báo gì nữa",
    "it listed $known of $all dossiers; none of the others was marked gone": (
        "cơ quan chỉ liệt kê $known trên $all hồ sơ; chưa hồ sơ nào còn lại bị ghi là không còn"
    ),
    # The shape of records.
    "$unreadable of $read records cannot be read, more than $percent %": (
        "$unreadable trên $read bản ghi không đọc được, quá $percent %"
    ),
    "the last $number records could not be read": "$number bản ghi gần nhất đều không đọc được",
    "no record tells its status any more": "không bản ghi nào còn ghi trạng thái",
    "its list is empty; it had $rows rows the last time": "danh sách trống; lần trước có $rows dòng",
    "$field is told no more": "không còn thấy trường $field",
    "unknown status $word": "từ trạng thái lạ $word",
    "nothing has come for $days days": "đã $days ngày không có gì mới",
    # Why a version of a spec came about, where the hub itself says so.
    "version $number again: $reason": "dùng lại bản $number: $reason",
    "read from $file.yaml": "đọc từ $file.yaml",
    "quarantine: $what is $meaning": "sửa từ trang Cách ly: $what là $meaning",
    "$known of $read records went to the quarantine with version $version that version $before understands": (
        "với bản $version, $known trên $read bản ghi vào cách ly mà bản $before hiểu được"
    ),
    **{
        f"no run went well with version $version: $failed failed, the last as {outcome}": (
            f"với bản $version không lượt đọc nào thành: $failed lượt hỏng, lượt cuối: {words.vi}"
        )
        for outcome, words in RUN_OUTCOMES.items()
    },
    # What an agency cannot be asked for.
    "$agency has no look-up": "$agency không có tra cứu",
    "$agency cannot list changes": "$agency không liệt kê được thay đổi",
    "$agency cannot list everything": "$agency không liệt kê được toàn bộ",
    "$agency takes no $what": "$agency không nhận $what",
    "$agency gives no results": "$agency không trả kết quả qua hub",
    "$agency lists no procedures": "$agency không có danh mục thủ tục",
    "$agency does not push": "$agency không tự gửi",
    "$agency has no mapping for what comes by $channel": "$agency không có phần ánh xạ cho những gì đến bằng $channel",
    # Anything about something that is named first, such as a file or an address.
    "$what: $why": "$what: $why",
}
