"""dlt's side of `benchmarks.sync`, run by a Python that has dlt: its rest_api source, merged into a plain table.

Arguments: the agency's address, the database's URL, rows per page. For each line on the standard
input it makes one run and prints its seconds and rows as JSON; what Python and dlt take to start is not counted.
"""

import json
import os
import sys
from time import perf_counter

os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}

import dlt
from dlt.sources.rest_api import rest_api_source


def main(address: str, database: str, size: int) -> None:
    source = {
        "client": {"base_url": address},
        "resources": [
            {
                "name": "ho_so",
                "primary_key": "maHoSo",
                "write_disposition": "merge",
                "endpoint": {
                    "path": "ho-so",
                    "params": {"kichThuoc": size},
                    "data_selector": "duLieu",
                    "paginator": {"type": "cursor", "cursor_path": "tiep", "cursor_param": "sau"},
                    "incremental": {"cursor_path": "ngayCapNhat", "start_param": "tu", "initial_value": "2000"},
                },
            }
        ],
    }
    pipeline = dlt.pipeline("benchmark", destination=dlt.destinations.postgres(database), dataset_name="dlt")
    print(json.dumps({"ready": dlt.__version__}), flush=True)
    for _ in sys.stdin:
        began = perf_counter()
        pipeline.run(rest_api_source(source))
        seconds = perf_counter() - began
        rows = pipeline.last_trace.last_normalize_info.row_counts.get("ho_so", 0)
        print(json.dumps({"seconds": seconds, "rows": rows}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
