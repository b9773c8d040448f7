"""The data dictionary, written from the contract itself."""

from evaluation.sources.contract import Field, TableSchema, contract


def data_dictionary() -> str:
    """Return the data dictionary as Markdown: every table, field, code and rule."""
    agreed = contract()
    parts = [f"# Data dictionary ({agreed.name} {agreed.version})\n"]
    parts += [_table(table) for table in agreed.tables]
    limits = "\n".join(
        f"| {limit.counts} | {limit.exceeds} {limit.limit:.0%} |" for limit in agreed.quality_limits
    )
    parts.append(
        f"## Federal data-quality limits\n\nSource: {agreed.quality_source}.\n\n"
        f"| share of | a problem |\n|---|---|\n{limits}\n"
    )
    return "\n".join(parts)


def _table(table: TableSchema) -> str:
    need = "Required." if table.required else "Optional."
    rows = "\n".join(_row(field) for field in table.fields)
    return (
        f"## {table.name}\n\n{table.description} {need} Key: {', '.join(table.primary_key)}.\n\n"
        f"| field | type | required | values | meaning |\n|---|---|---|---|---|\n{rows}\n"
    )


def _row(field: Field) -> str:
    values = ", ".join(field.enum or field.codes)
    required = "yes" if field.required else ""
    return f"| {field.name} | {field.type} | {required} | {values} | {field.description} |"
