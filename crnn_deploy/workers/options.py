"""Options of what is shared among workers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from crnn_deploy.config import Frozen


class WorkerOptions(Frozen):
    """How work is shared."""

    engine: Literal["local", "ray"] = Field(
        default="local",
        description="What runs the workers. local: processes on this machine; ray: Ray, here or on a cluster (extra "
        "`ray`).",
    )
    workers: int | None = Field(
        default=None, gt=0, le=65_536, description="Workers, each of which opens the model once.", examples=[2]
    )
    address: str | None = Field(
        default=None,
        description="With --engine ray: the address of a running cluster, such as `auto`. Without it that of the "
        "variable RAY_ADDRESS counts, and without that Ray is started here for as long as the work takes.",
        examples=["auto"],
    )

    @model_validator(mode="after")
    def _address_fits(self) -> WorkerOptions:
        if self.address is not None and self.engine != "ray":
            raise ValueError("address goes with engine ray")
        return self
