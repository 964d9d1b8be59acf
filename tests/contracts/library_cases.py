"""Cases of the library that every persistence module runs in the same way."""

from typing import Any, ClassVar

from eventsourcing.persistence import InfrastructureFactory, JSONTranscoder, Transcoding
from eventsourcing.tests import persistence as cases


class FactoryCase(cases.InfrastructureFactoryTestCase[Any]):
    classes: ClassVar[dict[str, type]]

    def expected_factory_class(self) -> Any:
        return self.classes["factory"]

    def expected_aggregate_recorder_class(self) -> Any:
        return self.classes["aggregate"]

    def expected_application_recorder_class(self) -> Any:
        return self.classes["log"]

    def expected_process_recorder_class(self) -> Any:
        return self.classes["log"]

    def expected_tracking_recorder_class(self) -> Any:
        return self.classes["tracking"]

    def tracking_recorder_subclass(self) -> Any:
        return self.classes["tracking_subclass"]


def transcoding(kind: type, plain: type) -> Transcoding:
    """A transcoding of a class that is built on a plain type, under its own name."""

    class OfKind(Transcoding):
        type = kind
        name = kind.__name__.lower()

        def encode(self, obj: Any) -> Any:
            return plain(obj)

        def decode(self, data: Any) -> Any:
            return kind(data)

    return OfKind()


class TranscoderCase(cases.TranscoderTestCase):
    factory: InfrastructureFactory[Any]

    def construct_transcoder(self) -> Any:
        transcoder = self.factory.transcoder()
        assert isinstance(transcoder, JSONTranscoder)
        for kind, plain in ((cases.Mydict, dict), (cases.MyList, list), (cases.MyStr, str), (cases.MyInt, int)):
            transcoder.register(transcoding(kind, plain))
        transcoder.register(cases.CustomType1AsDict())
        transcoder.register(cases.CustomType2AsDict())
        return transcoder
