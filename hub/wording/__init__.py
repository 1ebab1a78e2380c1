"""What the code says in English, said in Vietnamese: failures, mistakes, warnings, as admins read them on pages."""

from hub.wording.wording import in_both, retold, spoken, vietnamese

__all__ = ["in_both", "retold", "spoken", "vietnamese"]
