"""The bodies of answers, and characters that are sent, for the OpenAPI document."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from f2p_deploy.service.refusals import CODES


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


#: A controller's value, or an option's probability.
Share = Annotated[float, Field(ge=0, le=1)]


class GivenParameters(_Answer):
    """A character by the names of its schema, which may have been edited by hand: the content of a parameters.json."""

    format: Literal["f2p-parameters"]
    version: Literal[1]
    schema_: str = Field(alias="schema", examples=["makehuman"], description="Name of the schema.")
    schema_fingerprint: str = Field("", description="Of the schema; left out, the names alone decide.")
    controllers: dict[str, Share] = Field(description="Every controller, in [0, 1].", examples=[{"nose-width": 0.62}])
    discrete: dict[str, str | dict[str, Share]] = Field(
        {}, description="The option of each group, or its probabilities.", examples=[{"hair": "short01"}]
    )
    locked: list[str] = Field([], description="Names that generation keeps.")


class ParametersFile(GivenParameters):
    """A character by the names of its schema: the content of a parameters.json."""

    schema_fingerprint: str = Field(description="Of the schema.")
    discrete: dict[str, str | dict[str, Share]] = Field(
        description="The option of each group, or its probabilities.", examples=[{"hair": "short01"}]
    )
    locked: list[str] = Field(description="Names that generation keeps.")


class ReadAnswer(_Answer):
    """Where a part of the character comes from, and how sure that is."""

    from_: str = Field(alias="from", description="photo, default or kept")
    option: str | None = None
    confidence: float | None = Field(None, description="Probability of the option, in [0, 1].")
    next: str | None = Field(None, description="The most probable other option.")
    next_confidence: float | None = None


class FaceAnswer(_Answer):
    """The quality of the aligned face."""

    faces: int = Field(description="Faces in the photo; the largest is taken.")
    sharpness: float = Field(description="0 for a flat picture; sharp portraits have 64 and more.")
    brightness: float = Field(description="Mean luma, in [0, 1].")
    eye_distance: float | None = Field(description="Pixels of the photo between the outer eye corners.")
    yaw: float | None = Field(description="Degrees.")
    pitch: float | None = Field(description="Degrees.")
    residual: float = Field(description="Distance of the five points from the average face, in fractions of its edge.")
    finder: str


class CharacterAnswer(_Answer):
    """A character made from a photo."""

    id: str = Field(description="Random id of the request, also in the log.")
    mode: str
    mode_reason: str
    parameters: ParametersFile
    engine_units: dict[str, float] = Field(description="Every controller in the units of the game's editor.")
    read: dict[str, ReadAnswer]
    losses: list[float] | None = Field(description="Before the first iteration and after the last; null for one-shot.")
    face: FaceAnswer
    warnings: list[str] = Field(description="Sentences about what may spoil the character.")
    picture: str | None = Field(description="The character as PNG in base64; null if it was not asked for.")
    seconds: dict[str, float] = Field(description="Time of each stage, with its waiting.")


class SchemaAnswer(_Answer):
    """What is served."""

    bundle: str
    fingerprint: str
    modes: list[str] = Field(description="Modes that can be asked for.")
    draws: bool = Field(description="Whether characters can be drawn.")
    image_size: int = Field(description="Edge of pictures in pixels.")
    computed_by: str
    schema_: dict[str, Any] = Field(alias="schema", description="Controllers and discrete groups of the characters.")


class HealthAnswer(_Answer):
    """Whether the service lives, or can answer."""

    status: str = Field(examples=["ok"])


class ProblemAnswer(_Answer):
    """Why a request was not answered as asked, as RFC 9457 has it; `code` never changes its meaning."""

    type: str
    title: str
    status: int
    detail: str = Field(description="One sentence for people.")
    code: str = Field(json_schema_extra={"enum": list(CODES)})
    id: str = Field(description="Random id of the request, also in the log.")
