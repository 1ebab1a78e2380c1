"""Systems that speak SOAP: zeep writes the requests and knows the types, our own reader reads the answers.

What a spec's expressions look at is the content of the first element in an answer's body, as adapters.formats.xml gives
it: an element without children is its text, any other a dict of its children and "@attributes". On top of that

- xsi:nil is null, an empty element is "", and what is not there is not there;
- what the WSDL says may repeat is always a list: with one item, and with none (an empty list) where what it stands in
  is there. What the WSDL does not know of is a list only where it does repeat, so `[HoSo][]` works for both;
- a bare answer, of one simple type, is its text; an answer that is empty, or nil, is {};
- in encoded answers (rpc/encoded) references are followed and arrays are lists: `danhSach`, not `danhSach.item`;
- .NET's DataSets come without their schemas, their rows by the names they have there:
  `[TimHoSoResult.diffgram.NewDataSet.Table][]` (a column's name that is none in XML stays as .NET writes it:
  "Ng_x00E0_y");
- what came beside the envelope (MTOM) stands in its place as base64, as if it had been sent inside.

A fault is Rejected with its own words, or Unauthorized where its code says that our credentials were refused.
"""
