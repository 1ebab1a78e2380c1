"""What is wrong with a WSDL or an OpenAPI document, or was lost when it was read."""

SENTENCES = {
    "the document is neither JSON nor YAML: line $line: $why": (
        "tài liệu không phải JSON cũng không phải YAML: dòng $line: $why"
    ),
    "the document is neither OpenAPI 3 nor Swagger 2: it has no `openapi` and no `swagger` key": (
        "tài liệu không phải OpenAPI 3 cũng không phải Swagger 2: không có khóa `openapi` hay `swagger`"
    ),
    "The operation $name does not say what its answer holds.": "Thao tác $name không ghi câu trả lời có gì.",
    "$reference is not in the document: what it describes is unknown.": (
        "$reference không có trong tài liệu: không biết nó mô tả gì."
    ),
    "$source is no http address, no file, and no document of the store $store": (
        "$source không phải địa chỉ http, không phải tệp, cũng không phải tài liệu trong kho $store"
    ),
    "$name cannot be a document's name": "$name không thể là tên tài liệu",
    "give the WSDL's http or https address, without a password": (
        "ghi địa chỉ http hoặc https của WSDL, không kèm mật khẩu"
    ),
    "This host is not one of those allowed.": "Máy này không thuộc những máy được phép.",
    "It is imported over more than $most other documents.": "Phải qua hơn $most tài liệu khác mới đến được.",
    "There are more than $most documents.": "Có hơn $most tài liệu.",
    "Its address is too long for a name in the document store.": "Địa chỉ quá dài để làm tên trong kho tài liệu.",
    "The documents together are larger than $most bytes.": "Các tài liệu cộng lại lớn hơn $most byte.",
    "It is no WSDL.": "Không phải WSDL.",
    "It is neither a WSDL nor a schema.": "Không phải WSDL, cũng không phải lược đồ.",
    "It imports something from an address that is none.": "Nó nhập một tài liệu từ nơi không phải địa chỉ.",
    "the document store has no $name; store it there to use it": "kho tài liệu không có $name; hãy lưu vào đó để dùng",
    "the stored document $name cannot be used: $why": "không dùng được tài liệu $name trong kho: $why",
    "the WSDL $name cannot be read: $why": "không đọc được WSDL $name: $why",
    "It is not as a WSDL must be, and was read leniently: $why.": "WSDL không đúng chuẩn, hub đã đọc châm chước: $why.",
    "The document store has no $name: what that declares is unknown.": (
        "Kho tài liệu không có $name: không biết nó khai báo gì."
    ),
    "the WSDL $name has no port $port of SOAP $version; there is $known": (
        "WSDL $name không có cổng $port của SOAP $version; chỉ có $known"
    ),
    "the WSDL $name offers no port that speaks SOAP $version": "WSDL $name không có cổng nào dùng SOAP $version",
    "The operation $name cannot be used: its messages or its port type are not declared.": (
        "Không dùng được thao tác $name: thông điệp hoặc loại cổng của nó không được khai báo."
    ),
    "The operation $name is declared $times times: only the last can be used.": (
        "Thao tác $name được khai báo $times lần: chỉ dùng được lần cuối."
    ),
}
