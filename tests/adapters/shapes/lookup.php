<?php
// The look-up service on PHP's SoapServer. Run by `php -S ADDRESS lookup.php`.
// Its defects: a status is only a name, in whatever case; a dossier that is not there is an empty answer.

ini_set('soap.wsdl_cache_enabled', '0');

const DOSSIERS = [
    'H21.30-261120-0001' => [
        'chuSoHuu' => 'Công ty Đèo Mang Yang', 'emailNguoiNop' => '', 'hoTenNguoiNopHoSo' => 'Siu H\'Bla',
        'ngayHenTraKetQua' => '2026-12-01T00:00:00+07:00', 'ngayNhanHoSo' => '2026-11-20T08:15:30.5+07:00',
        'soDienThoaiNguoiNop' => '0905000111', 'tenThuTucHanhChinh' => 'Đăng ký hộ kinh doanh',
        'trangThaiHoSoTen' => "ĐANG  xử lý\n",
    ],
    // Its instants are in UTC, and its accents apart from their letters.
    'H21.30-261120-0002' => [
        'chuSoHuu' => 'Lê Văn Đường', 'ngayKetThucXuLy' => '2026-11-22T17:30:00Z',
        'ngayNhanHoSo' => '2026-11-19T18:00:00Z', 'ngayTraKetQua' => '2026-11-22T18:00:00Z',
        'trangThaiHoSoTen' => "Đã trả kê\u{301}t qua\u{309}",
    ],
    'H21.30-261120-0003' => [
        'chuSoHuu' => 'Nguyễn Thị Ước', 'ngayNhanHoSo' => '2026-11-20T09:00:00+07:00',
        'trangThaiHoSoTen' => 'Chờ lãnh đạo đi họp về',
    ],
];

class LookupService {
    public function getHoSoTTHCCongByMaSoBienNhan($asked) {
        $code = $asked->arg0;
        if ($code === 'H21.30-261120-0009') {
            return ['return' => null];
        }
        if (!isset(DOSSIERS[$code])) {
            return [];
        }
        return ['return' => ['id' => 1, 'lePhi' => 0, 'loaiHoSo' => 1, 'maSoBienNhan' => $code] + DOSSIERS[$code]];
    }
}

$server = new SoapServer(__DIR__ . '/documents/lookup.wsdl', ['cache_wsdl' => WSDL_CACHE_NONE]);
$server->setClass(LookupService::class);
$server->handle();
