<?php
// The contract suite's service on PHP's SoapServer: /document.php and /rpc.php. Run by `php -S ADDRESS server.php`.

ini_set('soap.wsdl_cache_enabled', '0');

$dossiers = json_decode(file_get_contents(__DIR__ . '/../dossiers.json'), true);
usort($dossiers, fn($a, $b) => [$a['ngayCapNhat'], $a['maHoSo']] <=> [$b['ngayCapNhat'], $b['maHoSo']]);

function check($key) {
    if ($key !== getenv('SUITE_KEY')) {
        throw new SoapFault('Client', "Khóa truy cập không đúng");
    }
}

function found($code) {
    global $dossiers;
    foreach ($dossiers as $dossier) {
        if ($dossier['maHoSo'] === $code) {
            return $dossier;
        }
    }
    return null;
}

function since($from) {
    global $dossiers;
    $moment = $from ? strtotime($from) : 0;
    return array_values(array_filter($dossiers, fn($dossier) => strtotime($dossier['ngayCapNhat']) >= $moment));
}

function page($rows, $page, $size) {
    return array_slice($rows, ($page - 1) * $size, $size);
}

class DocumentService {
    public function TraCuuHoSo($asked) {
        check($asked->khoa);
        $dossier = found($asked->maHoSo);
        return $dossier === null ? [] : ['hoSo' => $dossier];
    }

    public function DanhSachHoSo($asked) {
        check($asked->khoa);
        $rows = since($asked->tuNgay ?? null);
        return ['tongSo' => count($rows), 'hoSo' => page($rows, $asked->trang, $asked->soDong)];
    }
}

class RpcService {
    public function TraCuuHoSo($khoa, $maHoSo) {
        check($khoa);
        return found($maHoSo);
    }

    public function DanhSachHoSo($khoa, $tuNgay, $trang, $soDong) {
        check($khoa);
        return page(since($tuNgay), $trang, $soDong);
    }
}

$rpc = str_starts_with($_SERVER['REQUEST_URI'], '/rpc');
$wsdl = __DIR__ . '/../documents/' . ($rpc ? 'suite-rpc-encoded.wsdl' : 'suite-document.wsdl');
$server = new SoapServer($wsdl, ['cache_wsdl' => WSDL_CACHE_NONE]);
$server->setClass($rpc ? RpcService::class : DocumentService::class);
$server->handle();
